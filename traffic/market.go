package traffic

// mode is one way to pay with the instruments that serve it. Only UPI's rates are published figures (see Banks); the
// others, and every share below, are our assumptions, of a plausible size and nothing more.
type mode struct {
	name        string
	share       float64
	instruments []instrument
	pick        alias // over instruments, by weight
}

type instrument struct {
	name      string
	weight    float64
	success   float64
	business  float64 // the rest of 1 - success is technical
	reversals float64 // debit reversals per payment
	reverted  float64 // share of the debit reversals that succeed
}

type weighted struct {
	name   string
	weight float64
}

type merchant struct {
	name     string
	category uint8 // index into categories
}

// category gives the spread of amounts: log-normal around a median in minor units.
type category struct {
	name   string
	median float64
	sigma  float64
}

// market holds the tables in the form that drawing needs.
type market struct {
	modes     []mode
	pickMode  alias
	gateways  []weighted
	pickGate  alias
	apps      []weighted
	pickApp   alias
	cards     []weighted
	pickCard  alias
	merchants []merchant
}

// Modes returns the names of the modes, the largest first.
func Modes() []string { return namesOf(modes(), func(m mode) string { return m.name }) }

// Instruments returns the names of a mode's instruments, the largest first; nil for a mode that there is not.
func Instruments(name string) []string {
	for _, m := range modes() {
		if m.name == name {
			return namesOf(m.instruments, func(i instrument) string { return i.name })
		}
	}
	return nil
}

// Gateways returns the names of the gateways, the largest first. Each serves every instrument.
func Gateways() []string { return namesOf(gateways(), func(g weighted) string { return g.name }) }

func namesOf[T any](list []T, name func(T) string) []string {
	names := make([]string, len(list))
	for i, one := range list {
		names[i] = name(one)
	}
	return names
}

func newMarket(merchants int) *market {
	m := &market{modes: modes(), gateways: gateways(), apps: apps(), cards: cards(), merchants: namedMerchants()}
	weights := make([]float64, len(m.modes))
	for i := range m.modes {
		weights[i] = m.modes[i].share
		inner := make([]float64, len(m.modes[i].instruments))
		for j, in := range m.modes[i].instruments {
			inner[j] = in.weight
		}
		m.modes[i].pick = newAlias(inner)
	}
	m.pickMode = newAlias(weights)
	m.pickGate, m.pickApp, m.pickCard = aliasOf(m.gateways), aliasOf(m.apps), aliasOf(m.cards)
	if len(m.merchants) > merchants {
		m.merchants = m.merchants[:merchants]
	}
	for i := len(m.merchants); i < merchants; i++ {
		name := append([]byte("shop-"), base36(nil, uint64(i))...)
		m.merchants = append(m.merchants, merchant{string(name), uint8(i % len(categories()))})
	}
	return m
}

func modes() []mode {
	return []mode{
		{name: "upi", share: 0.80, instruments: upiBanks()},
		{name: "debit_card", share: 0.06, instruments: bankShares(25, 0.88, 0.09)},
		{name: "credit_card", share: 0.06, instruments: bankShares(15, 0.92, 0.065)},
		{name: "net_banking", share: 0.03, instruments: bankShares(20, 0.85, 0.12)},
		{name: "wallet", share: 0.03, instruments: []instrument{
			{"paytm", 40, 0.96, 0.035, 0.001, 0.97}, {"phonepe_wallet", 25, 0.965, 0.03, 0.001, 0.98},
			{"amazonpay", 20, 0.97, 0.025, 0.001, 0.98}, {"mobikwik", 10, 0.94, 0.05, 0.002, 0.95},
			{"freecharge", 5, 0.93, 0.05, 0.002, 0.95},
		}},
		{name: "bnpl", share: 0.02, instruments: []instrument{
			{"simpl", 40, 0.93, 0.065, 0.001, 0.97}, {"lazypay", 35, 0.92, 0.07, 0.001, 0.97},
			{"zestmoney", 25, 0.90, 0.09, 0.001, 0.96},
		}},
	}
}

func upiBanks() []instrument {
	var out []instrument
	for _, b := range Banks() {
		in := instrument{name: b.Instrument, weight: b.VolumeMillions, reverted: b.ReversalSuccess}
		// The shares are rounded; drawing needs them to add up to 1.
		sum := b.Approved + b.Business + b.Technical
		in.success, in.business = b.Approved/sum, b.Business/sum
		in.reversals = b.ReversalsMillions / b.VolumeMillions
		out = append(out, in)
	}
	return out
}

// bankShares takes the n largest banks for another mode, with one rate for all.
func bankShares(n int, success, business float64) []instrument {
	var out []instrument
	for _, b := range Banks()[:n] {
		if b.Instrument == "triotech" { // no bank of its own
			continue
		}
		out = append(out, instrument{b.Instrument, b.VolumeMillions, success, business, 0.002, 0.9})
	}
	return out
}

func gateways() []weighted {
	return []weighted{{"razorpay", 38}, {"payu", 20}, {"cashfree", 16}, {"juspay", 14}, {"billdesk", 12}}
}

func apps() []weighted {
	return []weighted{
		{"phonepe", 46}, {"gpay", 36}, {"paytm", 7}, {"navi", 3}, {"supermoney", 2}, {"bhim", 2}, {"amazonpay", 1.5},
		{"cred", 1.5}, {"famapp", 1},
	}
}

func cards() []weighted {
	return []weighted{{"visa", 45}, {"mastercard", 25}, {"rupay", 28}, {"famcard", 2}}
}

func categories() []category {
	return []category{
		{"food", 32_000, 0.6}, {"grocery", 45_000, 0.8}, {"shopping", 90_000, 1.0}, {"travel", 180_000, 1.1},
		{"bills", 70_000, 0.9},
		{"recharge", 29_900, 0.4}, {"fuel", 60_000, 0.7}, {"transport", 18_000, 0.7}, {"entertainment", 35_000, 0.6},
		{"pharmacy", 40_000, 0.8},
		{"transfer", 100_000, 1.3}, {"retail", 12_000, 0.9},
	}
}

func namedMerchants() []merchant {
	return []merchant{
		{"swiggy", 0}, {"zomato", 0}, {"amazon", 2}, {"flipkart", 2}, {"blinkit", 1}, {"zepto", 1}, {"bigbasket", 1},
		{"uber", 7}, {"ola", 7},
		{"rapido", 7}, {"irctc", 3}, {"makemytrip", 3}, {"jio", 5}, {"airtel", 5}, {"vi", 5}, {"myntra", 2},
		{"dmart", 1}, {"indianoil", 6},
		{"hpcl", 6}, {"bookmyshow", 8}, {"netflix", 8}, {"hotstar", 8}, {"apollo", 9}, {"pharmeasy", 9},
		{"tatapower", 4}, {"bescom", 4},
		{"dominos", 0}, {"nykaa", 2}, {"meesho", 2}, {"ajio", 2}, {"indigo", 3}, {"croma", 2}, {"dream11", 8},
		{"bajaj", 4}, {"p2p", 10},
	}
}

// HourShares is the daily rhythm in Indian Standard Time, by hour; the mean is 1.
func HourShares() [24]float64 {
	h := [24]float64{
		0.35, 0.20, 0.13, 0.10, 0.12, 0.25, 0.50, 0.80, 1.05, 1.25, 1.40, 1.45,
		1.45, 1.40, 1.30, 1.25, 1.30, 1.45, 1.65, 1.75, 1.65, 1.35, 0.95, 0.60,
	}
	var sum float64
	for _, v := range h {
		sum += v
	}
	for i := range h {
		h[i] *= 24 / sum
	}
	return h
}
