/** What is wrong with this computer's set-up, in one line that also says what to do. */
export class SetupError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "SetupError";
  }
}
