/** The program of a Web Worker that has the engine (engine.ts says what it can be asked). */
import { Engine } from "./engine";
import { answerMessages } from "./worker-scope";

export const engine = new Engine(() => performance.now());
answerMessages((ask, given) => engine.answer(ask, given));
