/**
 * The messages between a sweep and the workers of a cluster: plans as data, results as text. Neither side trusts the
 * other: workers check jobs against the schema of plans, and the sweep checks results against its plans. With a shared
 * key (PAGEBLOCK_CLUSTER_KEY) both are signed, and unsigned messages are refused. Plans may carry the code of a change, as text;
 * a worker refuses them unless it was started with the SHA-256 of this very code.
 */
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { z } from "zod";
import { canonicalJson } from "../base/canonical-json";
import { errorOf, InputError } from "../base/errors";
import { readOutside } from "../base/outside-file";
import { strangeCode } from "../change/code";
import { type Plan, parsePlan, planHash } from "../plan/run";
import type { RunText } from "./run-text";

/** Increase it when the messages change. */
const MESSAGE_FORMAT = 1;
/** The most plans of one job. */
export const JOB_PLANS_MAX = 64;
/** Prefix of all keys in Redis. */
export const KEY_PREFIX = "pageblock";
/** Prefix of the reasons of refused jobs. */
export const REFUSED = "refused: ";

/** The queue of one engine version; BullMQ allows no colon in it. */
export function queueName(engine: string): string {
  return `plans-${engine}`;
}

/** The key with which a worker announces itself. */
export const presenceKey = (id: string) => `${KEY_PREFIX}:worker:${id}`;

export interface Presence {
  engine: string;
  threads: number;
}

export interface JobData {
  format: number;
  engine: string;
  plans: Plan[];
  mac?: string;
}

export interface JobResult {
  format: number;
  engine: string;
  /** SHA-256 of each plan that was run. */
  plans: string[];
  runs: RunText[];
  /** Duration in milliseconds. */
  ms: number;
  /** SHA-256 of the texts. */
  sha256: string;
  mac?: string;
}

const NO_CODE: ReadonlySet<string> = new Set();

const jobSchema = z.strictObject({
  format: z.literal(MESSAGE_FORMAT),
  engine: z.string().max(200),
  plans: z.array(z.unknown()).min(1).max(JOB_PLANS_MAX),
  mac: z.string().max(200).optional(),
});

const resultSchema = z.strictObject({
  format: z.literal(MESSAGE_FORMAT),
  engine: z.string(),
  plans: z.array(z.string()),
  runs: z.array(z.strictObject({ text: z.string(), state: z.enum(["ok", "refused", "broken"]) })),
  ms: z.number().nonnegative(),
  sha256: z.string(),
  mac: z.string().optional(),
});

function mac(key: string, kind: "job" | "result", value: unknown): string {
  return createHmac("sha256", key)
    .update(`pageblock ${kind}\n${canonicalJson(value)}`)
    .digest("hex");
}

function sameMac(a: string | undefined, b: string): boolean {
  return a !== undefined && a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
}

/** A job for `plans`. */
export function writeJob(plans: Plan[], engine: string, key: string | undefined): JobData {
  const job = { format: MESSAGE_FORMAT, engine, plans };
  return key === undefined ? job : { ...job, mac: mac(key, "job", job) };
}

/**
 * The plans of a job. Throws an InputError beginning with `refused: ` for anything but a job for this engine, and for code of
 * changes whose SHA-256 is not among `allowCode`.
 */
export function readJob(
  data: unknown,
  engine: string,
  key: string | undefined,
  allowCode: ReadonlySet<string> = NO_CODE,
): Plan[] {
  const read = jobSchema.safeParse(data);
  if (!read.success) {
    const issue = read.error.issues[0]!;
    throw new InputError(`${REFUSED}malformed job: ${issue.path.join(".") || "data"}: ${issue.message}`);
  }
  const { mac: given, ...job } = read.data;
  if (key !== undefined && !sameMac(given, mac(key, "job", job)))
    throw new InputError(
      `${REFUSED}job of a stranger: it is ${given === undefined ? "not signed" : "signed with another key"} (PAGEBLOCK_CLUSTER_KEY)`,
    );
  if (job.engine !== engine)
    throw new InputError(`${REFUSED}job for engine ${job.engine}: this worker has ${engine}`);
  const strange = strangeCode(job.plans, (sha256) => allowCode.has(sha256));
  if (strange !== null)
    throw new InputError(
      `${REFUSED}job with ${strange.words}: this worker was not started with --allow-code ${strange.sha256.slice(0, 64)}`,
    );
  return job.plans.map((plan, i) => {
    try {
      return parsePlan(plan);
    } catch (error) {
      throw new InputError(`${REFUSED}malformed job: plan ${i + 1}: ${errorOf(error).message}`);
    }
  });
}

export function writeResult(
  plans: Plan[],
  runs: RunText[],
  ms: number,
  engine: string,
  key: string | undefined,
): JobResult {
  const texts = runs.map(({ text, state }) => ({ text, state }));
  const result = {
    format: MESSAGE_FORMAT,
    engine,
    plans: plans.map(planHash),
    runs: texts,
    ms,
    sha256: hashOf(texts),
  };
  return key === undefined ? result : { ...result, mac: mac(key, "result", result) };
}

/** The runs of a result for the plans with `hashes`. Throws InputError that says why a result is invalid. */
export function readResult(
  value: unknown,
  hashes: string[],
  engine: string,
  key: string | undefined,
): { runs: RunText[]; ms: number } {
  const read = resultSchema.safeParse(value);
  if (!read.success) throw new InputError(`${REFUSED}malformed result: ${read.error.issues[0]!.message}`);
  const { mac: given, ...result } = read.data;
  if (key !== undefined && !sameMac(given, mac(key, "result", result)))
    throw new InputError(`${REFUSED}result of a stranger: it is not signed with PAGEBLOCK_CLUSTER_KEY`);
  const { runs, ms } = result;
  if (result.engine !== engine)
    throw new InputError(`${REFUSED}result of engine ${result.engine}: needed ${engine}`);
  if (canonicalJson(result.plans) !== canonicalJson(hashes) || runs.length !== hashes.length)
    throw new InputError(`${REFUSED}result of other plans`);
  if (hashOf(runs) !== result.sha256)
    throw new InputError(`${REFUSED}result whose hash does not fit its text`);
  runs.forEach(({ text, state }, i) => {
    const run = parsedOrNull(text);
    if (run?.plan !== hashes[i] || (typeof run?.error === "string") !== (state !== "ok"))
      throw new InputError(`${REFUSED}result that is no outcome of its plan`);
  });
  return { runs, ms };
}

function parsedOrNull(text: string): { plan?: string; error?: unknown } | null {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function hashOf(runs: readonly RunText[]): string {
  const hash = createHash("sha256");
  for (const { text } of runs) hash.update(text).update("\n");
  return hash.digest("hex");
}

/** The shared key, if there is one. */
export function clusterKey(): string | undefined {
  const key = process.env.PAGEBLOCK_CLUSTER_KEY;
  return key === undefined || key === "" ? undefined : key;
}

/** Address and login of Redis. Only `shown` may be printed. */
export interface RedisAddress {
  host: string;
  port: number;
  username?: string;
  password?: string;
  db?: number;
  tls?: { ca?: Buffer; servername?: string };
  shown: string;
}

/** A name or a password of a URL; the message does not repeat it. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new InputError(
      "cluster: user and password of the URL: a % must begin a byte such as %25, which is %",
    );
  }
}

const CERTIFICATE_BYTES_MOST = 2 ** 20;

function certificate(path: string): Buffer {
  try {
    return readOutside(path, { bytes: CERTIFICATE_BYTES_MOST });
  } catch (error) {
    throw new InputError(`cluster: PAGEBLOCK_CLUSTER_CA: ${errorOf(error).message}`);
  }
}

/**
 * Options of a connection from `redis://[user:password@]host[:port][/db]`, or `rediss://` for TLS.
 * PAGEBLOCK_CLUSTER_CA names a PEM file with a certificate that the system does not know. Throws InputError; its
 * message never contains the password.
 */
export function redisOptions(url: string): RedisAddress {
  let at: URL;
  try {
    at = new URL(url);
  } catch {
    throw new InputError("cluster: must be redis://host:port or rediss://host:port: got something else");
  }
  const tls = at.protocol === "rediss:";
  if ((!tls && at.protocol !== "redis:") || at.hostname === "")
    throw new InputError(`cluster: must be redis://host:port or rediss://host:port: got ${at.protocol}//…`);
  const db = at.pathname.replace("/", "");
  if (!/^\d{0,3}$/.test(db))
    throw new InputError(`cluster: the path of the URL is the number of a database: got ${db}`);
  const ca = process.env.PAGEBLOCK_CLUSTER_CA;
  const host = at.hostname.replace(/^\[(.*)\]$/, "$1");
  return {
    host,
    port: at.port === "" ? 6379 : Number(at.port),
    ...(at.username !== "" && { username: decoded(at.username) }),
    ...(at.password !== "" && { password: decoded(at.password) }),
    ...(db !== "" && { db: Number(db) }),
    ...(tls && {
      tls: {
        ...(ca ? { ca: certificate(ca) } : {}),
        ...(/^[\d.]+$|:/.test(host) ? {} : { servername: host }),
      },
    }),
    shown: `${at.protocol}//${at.hostname}${at.port === "" ? "" : `:${at.port}`}`,
  };
}
