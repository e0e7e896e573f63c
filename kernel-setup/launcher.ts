/** Placeholder of the notebook kernel's launcher: starts the pinned tslab unchanged. */
export {};
