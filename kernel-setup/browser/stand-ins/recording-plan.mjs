/** Plans of recordings, which a page does not carry: they are files of the repository. */
import { InputError } from "../../../lib/base/errors";

export const RECORDING_PLAN = {
  name: "recording",
  matches: () => false,
  run() {
    throw new InputError(
      "recording: a page cannot read recordings, which are files of the repository; `pageblock verify` does",
    );
  },
};
