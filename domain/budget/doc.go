// Package budget reserves what missions promise before a reward exists, so that no more is given than there is, whoever
// completes at the same moment: a mission's completions are judged one after the other, in the order of their
// partition.
//
// Three kinds of rows share the table. A mission's row counts, by currency (or coins), what is reserved, spent and
// returned, and the winners. A pool's row is the head of a pool of gift codes: how many came in and went out. The codes
// lie in rows of their own, the shelves, at most ShelfSize in each, and are handed out first in, first out: the head
// knows the shelf, and a shelf forgets the code that it hands out. A returned code goes behind the others. Rows of
// hashes know every code that a pool ever took in, so that a code that is imported twice is taken once.
//
// For every account spent + reserved + left = the budget, after every step: what is left may be negative only where a
// later version of the mission cut the budget below what was given.
package budget
