package reward

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"strconv"
	"strings"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/domain/verdict"
)

// ID returns the id of the reward for one iteration of a mission in one of its windows. It is the same at every epoch.
func ID(user, mission string, version int64, windowStart instant.Milli, iteration int64) string {
	return hash("rw_", "mission", user, mission, strconv.FormatInt(version, 10),
		strconv.FormatInt(int64(windowStart), 10), strconv.FormatInt(iteration, 10))
}

// GoodwillID returns the id of the reward that a command of support gives. It is made of the command's identity, so
// that one idempotency key gives one reward, even after the row has forgotten its verdict.
func GoodwillID(user, command string) string {
	return hash("rw_", "goodwill", user, verdict.Identity(command))
}

// hash returns the prefix, and behind it a hash of parts that may hold anything.
func hash(prefix string, parts ...string) string {
	h := sha256.New()
	var size [8]byte
	for _, p := range parts {
		binary.BigEndian.PutUint64(size[:], uint64(len(p))) // so that parts cannot run into each other
		h.Write(size[:])
		h.Write([]byte(p))
	}
	return prefix + strings.ToLower(base32.HexEncoding.WithPadding(base32.NoPadding).EncodeToString(h.Sum(nil)[:16]))
}
