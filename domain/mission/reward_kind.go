package mission

import (
	"strconv"
	"strings"

	"github.com/millrace/millrace/domain/payment"
	"github.com/millrace/millrace/domain/word"
)

// The reward kinds.
const (
	RewardCoins       = "coins"
	RewardCash        = "cash"
	RewardGiftCard    = "gift_card"
	RewardScratchCard = "scratch_card"
	RewardCustom      = "custom"
)

// Coins is the unit of rewards that are coins in the end; the others count in the currency of the mission.
const Coins = "coins"

// Delivery is how a reward reaches its user.
type Delivery uint8

// The deliveries.
const (
	// ByProvider: somebody else pays it out, unless it is a code that we hold.
	ByProvider Delivery = iota
	// ByCredit: the user's balance of coins is credited.
	ByCredit
	// ByScratch: the user gets a card, and what is on it by scratching it.
	ByScratch
)

// RewardKind is all that there is to know of a kind of reward.
type RewardKind struct {
	// Name is how definitions, records and metrics call it.
	Name string
	// InCoins tells that its amount is coins, and not minor units.
	InCoins bool
	// Valued tells that it must have an amount.
	Valued bool
	// Divisible tells that a part of it is worth that part.
	Divisible bool
	// Tender tells that it is money, so that it must be of the mission's currency.
	Tender bool
	// Coded tells that it can be a code from a pool.
	Coded bool
	// Delivery is how it reaches its user.
	Delivery Delivery

	phrase func(r Reward, currency string) string
}

// rewardKinds are all of them, in the order of the contract.
var rewardKinds = []RewardKind{
	{
		Name: RewardCoins, InCoins: true, Valued: true, Divisible: true, Delivery: ByCredit,
		phrase: func(r Reward, _ string) string { return counted(r.Amount, "coin", "coins") },
	},
	{
		Name: RewardCash, Valued: true, Divisible: true, Tender: true,
		phrase: func(r Reward, currency string) string { return payment.FormatMoney(r.Amount, currency) + " in cash" },
	},
	{Name: RewardGiftCard, Coded: true, phrase: func(r Reward, currency string) string {
		if r.Amount > 0 {
			return "a gift card of " + payment.FormatMoney(r.Amount, currency)
		}
		return "a gift card"
	}},
	{
		Name: RewardScratchCard, InCoins: true, Divisible: true, Delivery: ByScratch,
		phrase: func(Reward, string) string { return "a scratch card" },
	},
	{Name: RewardCustom, Coded: true, phrase: func(Reward, string) string { return "a reward" }},
}

// RewardKinds returns the name of every kind of reward, in the order of the contract.
func RewardKinds() []string { return word.Names(rewardKinds, rewardKindName) }

func rewardKindName(k *RewardKind) string { return k.Name }

// kindsWith names the kinds of reward that match.
func kindsWith(match func(RewardKind) bool) string {
	var names []string
	for _, k := range rewardKinds {
		if match(k) {
			names = append(names, k.Name)
		}
	}
	return strings.Join(names, ", ")
}

// RewardKindOf returns the kind of this name. One that nobody knows has no properties: Validate says so.
func RewardKindOf(name string) RewardKind {
	if k := word.Find(rewardKinds, rewardKindName, name); k != nil {
		return *k
	}
	return RewardKind{Name: name, phrase: func(Reward, string) string { return "a reward" }}
}

// UnitOf returns what the amount of a reward of this kind counts: Coins, or minor units of the currency.
func UnitOf(kind, currency string) string {
	if RewardKindOf(kind).InCoins {
		return Coins
	}
	return currency
}

// FormatUnit returns an amount with its unit, for people: Coins, or minor units of a currency.
func FormatUnit(n int64, unit string) string {
	if unit == Coins {
		return strconv.FormatInt(n, 10) + " coins"
	}
	return payment.FormatMoney(n, unit)
}
