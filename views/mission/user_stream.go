package mission

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/views/problem"
	rewardviews "github.com/millrace/millrace/views/reward"
	"github.com/millrace/millrace/views/serve"
	"github.com/millrace/millrace/views/token"
)

// The bounds of users' streams. A stream ends after a while, so that listeners spread over servers again.
const (
	maxStreams        = 10_000
	MaxUserStreams    = 8              // of one user, whoever listens
	maxServiceStreams = maxStreams / 2 // of one subject, for whichever users
	StreamLife        = 15 * time.Minute
	streamPause       = 100 * time.Millisecond // between two looks at a user's rows
)

// streams are those who listen to what changes for a user; they end when the server stops.
type streams struct {
	Users, subjects *serve.Seats
	stopping        sync.Once
	stop            chan struct{}
}

// NewStreams returns one without streams.
func NewStreams() *streams {
	return &streams{Users: serve.NewSeats(maxStreams, MaxUserStreams),
		subjects: serve.NewSeats(maxStreams, maxServiceStreams), stop: make(chan struct{})}
}

// open gives a subject a stream of a user, or says why not. Whoever opened must end.
func (x *streams) open(user, subject string) (end func(), refused *problem.Problem) {
	select {
	case <-x.stop:
		return nil, serve.StoppingProblem()
	default:
	}
	leave, refused := x.Users.Take(user)
	if refused != nil {
		return nil, refused
	}
	rise, refused := x.subjects.Take(subject)
	if refused != nil {
		leave()
		return nil, refused
	}
	return func() { rise(); leave() }, nil
}

// Close ends all streams, and takes no more.
func (x *streams) Close() { x.stopping.Do(func() { close(x.stop) }) }

type userStreamInput struct {
	ID   string `path:"id" maxLength:"1024" doc:"User id, or me"`
	Last string `header:"Last-Event-ID" maxLength:"64" doc:"As browsers send it when they come back: what has changed since is sent first"`
}

// RegisterStreams adds the streams of users.
func (s *Routes) RegisterStreams() {
	op := s.StreamOperation("user-stream", "/v1/users/{id}/stream", serve.TagUsers,
		"A user's progress and rewards as they change",
		"Events `progress` (an item of the user's missions) and `reward` (an item of the user's rewards), each as the item is then; of several changes in a row the last "+
			"is enough. `id` stands for all that was sent: with Last-Event-ID a stream begins with all of what has changed since. It ends after 15 minutes, or when its token is over: come back with a valid one.",
		serve.UserAccess())
	huma.Register(s.API, op, s.userStream)
}

func (s *Routes) userStream(ctx context.Context, in *userStreamInput) (*huma.StreamResponse, error) {
	user, err := serve.Subject(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if _, err := s.At(ctx, serve.Fresh{}, s.Sources.Progress.Holding(user), s.Sources.Rewards.Holding(user),
		s.Sources.Catalog.Whole()); err != nil {
		return nil, err
	}
	who := serve.Identity(ctx)
	end, refused := s.Streams.open(user, serve.Whose(who, serve.Request(ctx)))
	if refused != nil {
		return nil, s.Limiters.Full(refused)
	}
	return &huma.StreamResponse{Body: func(ctx huma.Context) {
		defer end()
		r, w := humago.Unwrap(ctx)
		if out, ok := serve.BeginEvents(r, w); ok {
			(&userFollower{server: s, who: who, user: user, out: out}).run(r.Context(), in.Last)
		}
	}}, nil
}

// userFollower writes what changes in a user's rows. It looks at the rows when they were written, so it holds no queue:
// who reads slowly misses states in between, never the last.
type userFollower struct {
	server *Routes
	who    token.Identity // who listens
	user   string
	out    serve.EventWriter
	// What was sent, or was so at the beginning: a hash of each item by kind and id.
	progress, rewards map[string]uint64
}

// streamItem is one event: an item as it is.
type streamItem struct {
	id   string
	data []byte
}

func (f *userFollower) run(ctx context.Context, last string) {
	s := f.server
	progress, end := s.Watchers.Progress.Watch(f.user)
	defer end()
	rewards, end := s.Watchers.Rewards.Watch(f.user)
	defer end()
	beat, life := time.NewTicker(serve.StreamBeat), time.NewTimer(StreamLife)
	defer beat.Stop()
	defer life.Stop()
	over, stop := s.Over(f.who)
	defer stop()
	if !f.begin(last) {
		return
	}
	for {
		var look func() ([]streamItem, bool)
		var kind string
		var sent *map[string]uint64
		select {
		case <-ctx.Done():
			return
		case <-s.Streams.stop:
			f.out.Say("the server is stopping: listen anew")
			return
		case <-over:
			f.out.Say(serve.TokenOver)
			return
		case <-life.C:
			f.out.Say("listen anew")
			return
		case <-beat.C:
			if !f.out.Say("alive") {
				return
			}
			continue
		case <-progress:
			kind, look, sent = "progress", f.missions, &f.progress
		case <-rewards:
			kind, look, sent = "reward", f.rewardItems, &f.rewards
		}
		items, ok := look()
		if !ok || !f.tell(kind, items, sent) {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-s.Streams.stop:
		case <-over:
			f.out.Say(serve.TokenOver)
			return
		case <-time.After(streamPause):
		}
	}
}

// begin greets, and sends what has changed since last, where that is told.
func (f *userFollower) begin(last string) bool {
	missions, ok := f.missions()
	if !ok {
		return false
	}
	rewards, ok := f.rewardItems()
	if !ok {
		return false
	}
	f.progress, f.rewards = hashes(missions), hashes(rewards)
	var progressThen, rewardsThen uint64
	if n, err := fmt.Sscanf(last, "%16x.%16x", &progressThen, &rewardsThen); n == 2 && err == nil {
		f.out.Send("retry: 3000\n: what has changed since, then all that changes\n\n")
		if progressThen != sum(f.progress) {
			f.progress = nil
		}
		if rewardsThen != sum(f.rewards) {
			f.rewards = nil
		}
		return f.tell("progress", missions, &f.progress) && f.tell("reward", rewards, &f.rewards)
	}
	return f.out.Send("retry: 3000\nid: " + f.id() +
		"\n: from now on; what was before is not repeated, read the missions and rewards\n\n")
}

// tell sends the items that are not as they were sent. The last one has the id of all that was sent: a stream that
// breaks off before begins with all of them again.
func (f *userFollower) tell(kind string, items []streamItem, sent *map[string]uint64) bool {
	before := *sent
	*sent = hashes(items)
	var changed []streamItem
	for _, i := range items {
		if h, known := before[i.id]; !known || h != (*sent)[i.id] {
			changed = append(changed, i)
		}
	}
	for n, i := range changed {
		id := ""
		if n == len(changed)-1 {
			id = "id: " + f.id() + "\n"
		}
		if !f.out.Send(id + "event: " + kind + "\ndata: " + string(i.data) + "\n\n") {
			return false
		}
	}
	return true
}

// id stands for what was sent.
func (f *userFollower) id() string {
	return fmt.Sprintf("%016x.%016x", sum(f.progress), sum(f.rewards))
}

func (f *userFollower) missions() ([]streamItem, bool) {
	s := f.server
	if !s.Sources.Progress.Recovered() || !s.Sources.Catalog.Recovered() {
		return nil, false
	}
	row, err := s.UserRow(f.user)
	if err != nil {
		return nil, false
	}
	_, watermark := s.Sources.Progress.Holding(f.user).Known()
	as := serve.AsOf{StreamTime: serve.Optional(watermark, watermark > 0)}
	var items []streamItem
	for _, v := range mission.Views(row, f.user, s.Index.Snapshot(), s.EventTime(as, row), s.Config.Missions) {
		item := UserMissionOf(v)
		items = append(items, streamItem{item.ID, encoded(item)})
	}
	return items, true
}

func (f *userFollower) rewardItems() ([]streamItem, bool) {
	s := f.server
	if !s.Sources.Rewards.Recovered() {
		return nil, false
	}
	row, _, err := serve.RowOf(s.Kit, s.Sources.Rewards, s.Config.Topology.Rewards, f.user)
	if err != nil {
		return nil, false
	}
	var items []streamItem
	if row != nil {
		for _, r := range row.Rewards {
			if r.Visible() {
				items = append(items, streamItem{r.ID, encoded(rewardviews.Of(r))})
			}
		}
	}
	return items, true
}

// encoded returns an item on one line, as answers have it.
func encoded(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(v) // texts, numbers and times always encode
	return bytes.TrimSpace(b.Bytes())
}

func hashes(items []streamItem) map[string]uint64 {
	out := make(map[string]uint64, len(items))
	for _, i := range items {
		h := fnv.New64a()
		_, _ = h.Write(i.data) // hash.Hash never fails
		out[i.id] = h.Sum64()
	}
	return out
}

// sum stands for all items, in whatever order.
func sum(hashes map[string]uint64) uint64 {
	var all uint64
	for _, h := range hashes {
		all += h
	}
	return all
}
