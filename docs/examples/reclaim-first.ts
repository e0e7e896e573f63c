import { change } from "pageblock";

/** Reclaim has run since a request last took a page out of a foreign block. */
let tried = false;

export default change({
  name: "reclaim first",
  about: "until reclaim has run, only blocks that are free as a whole change their type",
  reclaimPriority: ({ priority }) => {
    tried = true;
    return priority;
  },
  shouldClaim: (given, stock) => given.foundOrder >= given.blockOrder || (tried && stock.shouldClaim(given)),
  stealPage: () => {
    const may = tried;
    tried = false;
    return may;
  },
});
