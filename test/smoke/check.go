package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"

	"github.com/millrace/millrace/domain/instant"
	"github.com/millrace/millrace/oracle"
	"github.com/millrace/millrace/test/model"
	"github.com/millrace/millrace/test/smoke/audit"
	"github.com/millrace/millrace/test/smoke/fleet"
	"github.com/millrace/millrace/views/asof"
	"github.com/millrace/millrace/views/token"
)

// sampled is how many transactions, and how many users, are asked for over HTTP.
const sampled = 50

// compareHTTP asks the server for a sample of rows and compares its answers with the fold of the changelogs.
func (r *run) compareHTTP(ctx context.Context, v *audit.Verdict) error {
	var at string
	r.tail.with(func(t *audit.Tape) { at = asof.Changelogs(t.Rows()).Encode() })
	random := rand.New(rand.NewPCG(r.options.seed, 0x68747470))
	viewer, err := r.minter.Mint("smoke", []token.Role{token.Viewer}, time.Hour)
	if err != nil {
		return err
	}
	for _, id := range sample(random, slices.Sorted(maps.Keys(v.Got.Transactions))) {
		var got struct {
			Status                string
			Amount, Reversed, Net int64
		}
		if err := r.get(ctx, "/v1/panel/transactions/"+url.PathEscape(id), at, viewer, &got); err != nil {
			return err
		}
		row := v.Got.Transactions[id]
		want := row
		if want.Status == "" {
			want.Status = "unknown"
		}
		// What a payment that has not succeeded would bring is shown as its amount, but has not settled.
		if got.Status != want.Status || got.Reversed != want.Reversed || got.Net != want.Net || row.Settled > 0 &&
			got.Amount != row.Settled {
			v.Differ("transaction %s over HTTP: %+v, by its changelog %+v", id, got, row)
		}
	}
	users := map[string]bool{}
	for k := range v.Got.Progress {
		users[k.User] = true
	}
	for _, id := range sample(random, slices.Sorted(maps.Keys(users))) {
		if err := r.compareUser(ctx, v, id, at); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) compareUser(ctx context.Context, v *audit.Verdict, id, at string) error {
	user, err := r.minter.Mint(id, []token.Role{token.User}, time.Hour)
	if err != nil {
		return err
	}
	var got struct {
		Items []struct {
			ID                             string
			Version, Progress, Completions int64
			Window                         struct{ Start time.Time }
		}
	}
	if err := r.get(ctx, "/v1/users/me/missions", at, user, &got); err != nil {
		return err
	}
	shown := map[string]bool{}
	for _, m := range got.Items {
		shown[m.ID] = true
		row := v.Got.Progress[oracle.ProgressKey{User: id, Mission: m.ID, Version: m.Version,
			Start: instant.Of(m.Window.Start)}]
		if m.Progress != row.Progress || m.Completions != row.Completions {
			v.Differ("user %s in %s from %v over HTTP: %d, %d times; by the changelog %d, %d times",
				id, m.ID, m.Window.Start, m.Progress, m.Completions, row.Progress, row.Completions)
		}
	}
	if err := r.compareHolding(ctx, v, id, at, user); err != nil {
		return err
	}
	for _, m := range r.missions {
		if all := m.Audience.RolloutPercent == nil && len(m.Audience.Segments) == 0; all && !shown[m.ID] {
			v.Differ("user %s over HTTP: mission %s is not shown", id, m.ID)
		}
	}
	return nil
}

// compareHolding compares a user's coins and the number of rewards.
func (r *run) compareHolding(ctx context.Context, v *audit.Verdict, id, at, bearer string) error {
	var got model.Holding
	if err := r.get(ctx, "/v1/users/me/coins", at, bearer, &got); err != nil {
		return err
	}
	for cursor := ""; ; {
		var page struct {
			Items      []struct{ ID string }
			NextCursor *string `json:"next_cursor"`
		}
		if err := r.get(ctx, "/v1/users/me/rewards"+cursor, at, bearer, &page); err != nil {
			return err
		}
		got.Rewards += len(page.Items)
		if page.NextCursor == nil {
			break
		}
		cursor = "?" + url.Values{"cursor": {*page.NextCursor}}.Encode()
	}
	if want := v.Holdings[id]; got != want {
		v.Differ("user %s over HTTP: %+v, by the changelog %+v", id, got, want)
	}
	return nil
}

func sample(random *rand.Rand, keys []string) []string {
	random.Shuffle(len(keys), func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
	return keys[:min(len(keys), sampled)]
}

// attempts bounds how often a server that is not that far yet is asked; it waits 5 s each time.
const attempts = 6

func (r *run) get(ctx context.Context, path, at, bearer string, into any) error {
	for try := 1; ; try++ {
		separator := "?"
		if strings.Contains(path, "?") {
			separator = "&"
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodGet,
			r.server+path+separator+url.Values{"min_as_of": {at}}.Encode(), nil)
		if err != nil {
			return err
		}
		req.Header.Set("Authorization", "Bearer "+bearer)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return err
		}
		raw, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		switch {
		case err != nil:
			return err
		case resp.StatusCode == http.StatusServiceUnavailable && try < attempts:
			continue
		case resp.StatusCode != http.StatusOK:
			return fmt.Errorf("%s: %s\n%s", path, resp.Status, raw)
		}
		return json.Unmarshal(raw, into)
	}
}

// openTransactions says which transactions are still open, by the coordinators' word and by the topics': where one is,
// the last stable offset stays below the end. A commit's markers may be a moment on their way.
func (r *run) openTransactions(ctx context.Context) ([]string, error) {
	var wrong []string
	for range 10 {
		var err error
		if wrong, err = r.open(ctx); err != nil || len(wrong) == 0 {
			return wrong, err
		}
		if err := pause(ctx, time.Second); err != nil {
			return nil, err
		}
	}
	return wrong, nil
}

// leftOpen says which transactions of a worker's slot are open, once it has stopped.
func (r *run) leftOpen(ctx context.Context, w *fleet.Worker) error {
	listed, err := r.admin.ListTransactions(ctx, nil, []string{"Ongoing"})
	if err != nil {
		return err
	}
	var errs []error
	for _, id := range listed.TransactionalIDs() {
		if strings.HasPrefix(id, r.topology.Config.Prefix) && strings.HasSuffix(id, "-"+strconv.Itoa(w.Slot)) {
			errs = append(errs, fmt.Errorf("transaction %s is open", id))
		}
	}
	return errors.Join(errs...)
}

func (r *run) open(ctx context.Context) ([]string, error) {
	var wrong []string
	ours := map[string]bool{}
	var topics []string
	for _, s := range r.topology.Topics() {
		ours[s.Name] = true
		topics = append(topics, s.Name)
	}
	listed, err := r.admin.ListTransactions(ctx, nil, []string{"Ongoing", "PrepareCommit", "PrepareAbort"})
	if err != nil {
		return nil, fmt.Errorf("list transactions: %w", err)
	}
	if len(listed) > 0 {
		described, err := r.admin.DescribeTransactions(ctx, listed.TransactionalIDs()...)
		if err != nil {
			return nil, fmt.Errorf("describe transactions: %w", err)
		}
		described.Each(func(d kadm.DescribedTransaction) {
			for topic := range d.Topics {
				if ours[topic] {
					wrong = append(wrong, fmt.Sprintf("transaction %s is left %s on %s", d.TxnID, d.State, topic))
				}
			}
		})
	}
	stable, err := r.admin.ListCommittedOffsets(ctx, topics...)
	if err == nil {
		err = stable.Error()
	}
	if err != nil {
		return nil, fmt.Errorf("last stable offsets: %w", err)
	}
	ends, err := r.admin.ListEndOffsets(ctx, topics...)
	if err == nil {
		err = ends.Error()
	}
	if err != nil {
		return nil, fmt.Errorf("end offsets: %w", err)
	}
	ends.Each(func(end kadm.ListedOffset) {
		if s, ok := stable.Lookup(end.Topic, end.Partition); ok && s.Offset < end.Offset {
			wrong = append(wrong, fmt.Sprintf("%s-%d is stable to %d of %d: a transaction is open", end.Topic,
				end.Partition, s.Offset, end.Offset))
		}
	})
	return wrong, nil
}
