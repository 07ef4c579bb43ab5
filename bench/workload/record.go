package workload

// Event reports a payment or a reversal.
type Event struct {
	ID          string `json:"id"`
	Reversal    bool   `json:"reversal,omitempty"`
	Transaction string `json:"transaction_id"`
	User        string `json:"user_id"`
	Amount      int64  `json:"amount"` // minor units; 0 on a reversal: all that remains
	Currency    string `json:"currency"`
	Status      string `json:"status"`
	Mode        string `json:"mode"`
	Instrument  string `json:"instrument"`
	Gateway     string `json:"gateway"`
	Merchant    string `json:"merchant,omitempty"`
	Category    string `json:"category,omitempty"`
	Decline     string `json:"decline,omitempty"`
	Latency     int64  `json:"latency_ms,omitempty"`
	Created     int64  `json:"created_at"` // ms
	Updated     int64  `json:"updated_at"` // ms
}

// Account is the row of a transaction.
type Account struct {
	User     string   `json:"user_id"`
	Currency string   `json:"currency"`
	Status   string   `json:"status"`
	Gross    int64    `json:"gross"`
	Reversed int64    `json:"reversed,omitempty"`
	Net      int64    `json:"net"` // what was posted
	Mode     string   `json:"mode"`
	Merchant string   `json:"merchant,omitempty"`
	Category string   `json:"category,omitempty"`
	Created  int64    `json:"created_at"`
	Updated  int64    `json:"updated_at"`
	Seen     []string `json:"seen"` // ids of its events
}

// Posting is a movement of a transaction's net amount.
type Posting struct {
	Transaction string `json:"transaction_id"`
	User        string `json:"user_id"`
	Currency    string `json:"currency"`
	Delta       int64  `json:"delta"`
	Net         int64  `json:"net"`
	Mode        string `json:"mode"`
	Merchant    string `json:"merchant,omitempty"`
	Category    string `json:"category,omitempty"`
	Created     int64  `json:"created_at"`
	At          int64  `json:"at"`
}

// Total is the row of a user.
type Total struct {
	Currency string `json:"currency"`
	Sum      int64  `json:"sum"`
	Postings int64  `json:"postings"`
	First    int64  `json:"first"`
	Last     int64  `json:"last"`
}
