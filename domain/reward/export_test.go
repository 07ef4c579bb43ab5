package reward

// ReasonBalance is the reason of a refused claw-back, for tests.
const ReasonBalance = reasonBalance

// PayoutID returns the id of the task that pays an epoch of a reward, for tests that answer it.
func PayoutID(reward string, epoch int64) string { return payoutID(reward, epoch) }
