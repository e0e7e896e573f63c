/** A connection to Redis that explains a failure in one line, and reconnects automatically once it was established. */
import type { Redis } from "ioredis";
import { errorOf, InputError } from "../base/errors";
import { redisOptions } from "./cluster-protocol";

const FIRST_CONNECT_MS = 5000;

/** Connects and pings; throws InputError if there is no answer. The caller ends it with `disconnect()`. */
export async function connectRedis(url: string): Promise<Redis> {
  const { shown, ...options } = redisOptions(url);
  const { Redis: Client }: typeof import("ioredis") = require("ioredis");
  let connected = false;
  let why: Error | undefined;
  const redis = new Client({
    ...options,
    lazyConnect: true,
    connectTimeout: FIRST_CONNECT_MS,
    maxRetriesPerRequest: null,
    retryStrategy: (times) => (connected ? Math.min(100 * times, 1000) : null),
  });
  redis.on("error", (error: Error) => (why = error));
  try {
    await redis.connect();
    await redis.ping();
    connected = true;
    return redis;
  } catch (error) {
    redis.disconnect();
    throw new InputError(`cluster: ${shown}: ${reason(why ?? errorOf(error))}`);
  }
}

/** A second connection with the options of `redis`; the caller ends it with `disconnect()`. */
export function twin(redis: Redis): Redis {
  const second = redis.duplicate();
  second.on("error", () => {}); // it reconnects automatically
  return second;
}

function reason(error: Error & { code?: string }): string {
  const text = `${error.code ?? ""} ${error.message}`;
  if (/NOAUTH/.test(text)) return "asks for a password: write it as redis://:password@host";
  if (/WRONGPASS|invalid (username|password)|AUTH.{0,200}without/i.test(text))
    return "refuses the user or the password";
  if (/ECONNREFUSED/.test(text)) return "nobody answers there: is redis-server running?";
  if (/ENOTFOUND|EAI_AGAIN/.test(text)) return "no such host";
  if (/self.signed|certificate|unable to verify/i.test(text))
    return `its certificate is not known (${error.message}): name the PEM file of its authority in PAGEBLOCK_CLUSTER_CA`;
  if (/SSL|TLS|wrong version number/i.test(text))
    return "does not speak TLS there: try redis:// or another port";
  return error.message === "" ? "cannot be reached" : error.message.split("\n")[0]!;
}
