// Package reward keeps what users have won: each reward from its reservation to its end, and the coin balance.
//
//	reserved -> pending -> claimable | granting -> granted -> redeemed
//
// A completion that the budget has reserved begins as reserved. It waits in pending until its hold is over, and then,
// where the mission wants a claim, in claimable. Coins are granted at once; so is a gift card with a code of a pool.
// Cash, custom rewards and gift cards without a pool are a task for a provider and wait in granting for its result. A
// scratch card is granted to be scratched: the claim redeems it, and only then it is coins. What waits for its user
// expires.
//
// exhausted is the end of an epoch for which the budget had nothing; failed of one that the provider could not pay. A
// completion that is lost makes the reward cancelled before it is granted, and clawed_back after that. Reaching it
// again is the next epoch of the same reward.
//
// There is one net grant for each reward. Where the user may still have what an earlier epoch gave (the provider has
// not said yet whether it paid, or could take it back; a gift code that was seen stays seen), the next epoch waits in
// reserved until that is known, and takes over what the user keeps instead of paying again.
//
// The reward returns every reserved amount to the budget exactly once, as spent or as returned. A spent amount may be
// recovered later, at most once.
package reward
