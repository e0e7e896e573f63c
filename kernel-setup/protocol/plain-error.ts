/** The error without frames: where in the kernel it was found tells the reader nothing. */
export function plain(error: Error): Error {
  error.stack = `${error.name}: ${error.message}`;
  return error;
}
