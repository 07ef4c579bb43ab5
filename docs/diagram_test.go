package docs

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/millrace/millrace/topology"
)

var rewrite = flag.Bool("rewrite", false, "write the diagrams of the pipeline that the topology gives")

// The diagrams of the README are the topology: go test ./docs -run Diagram -rewrite draws them anew.
func TestDiagramIsTheTopology(t *testing.T) {
	for name, colours := range map[string]palette{
		"light": {card: "#ffffff", line: "#c4ceca", ink: "#17211f", soft: "#5b6965", accent: "#0b6e69"},
		"dark":  {card: "#18211f", line: "#3a4845", ink: "#e6eeeb", soft: "#94a5a0", accent: "#4fc3b8"},
	} {
		path := filepath.Join("img", "pipeline-"+name+".svg")
		want := newDiagram(t).draw(colours)
		if *rewrite {
			if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != want {
			t.Errorf("%s is not what the topology gives (%v): go test ./docs -run Diagram -rewrite draws it anew", path, err)
		}
	}
}

// Pictures are small, since every clone has all that ever were.
func TestPicturesAreSmall(t *testing.T) {
	const limit = 200_000
	files, err := filepath.Glob(filepath.Join("img", "*"))
	if err != nil || len(files) < 4 {
		t.Fatalf("%d pictures, %v", len(files), err)
	}
	for _, f := range files {
		if info, err := os.Stat(f); err != nil || info.Size() > limit {
			t.Errorf("%s: %v, more than %d bytes", f, err, limit)
		}
	}
}

// places are the column and row of each group; all else is derived from the topology.
var places = map[string][2]int{
	"intake": {0, 0}, "ledger": {1, 0}, "progress": {2, 0}, "budget": {3, 0},
	"deadletters": {0, 1}, "catalog": {2, 1}, "rewards": {3, 1},
	"health": {2, 2}, "tasks": {3, 2}, "routing": {3, 3},
}

const (
	boxWidth, gapWidth    = 172, 132
	rowGap, margin        = 44, 8
	headHeight, lineHigh  = 30, 18
	smallFont, nameFont   = 12, 15
	arrowSpace, twoWayGap = 4, 36
	run                   = 28 // between what goes up or down in a gap and the next column
	manyWriters           = 4  // a topic of as many groups is written in its reader's box, not drawn
)

type palette struct{ card, line, ink, soft, accent string }

type box struct {
	name              string
	column, row       int
	in, out           []string // topics from and for others
	left, top, height int
}

func (b *box) right() int  { return b.left + boxWidth }
func (b *box) middle() int { return b.left + boxWidth/2 }
func (b *box) head() int   { return b.top + headHeight/2 }
func (b *box) bottom() int { return b.top + b.height }

type edge struct{ from, to string }

type diagram struct {
	t      *testing.T
	boxes  []*box
	topics map[edge][]string
	looked map[edge]bool  // by a table that the second group looks up
	down   map[string]int // lines taken beside a box by edges that go down from it
	svg    strings.Builder
}

func newDiagram(t *testing.T) *diagram {
	t.Helper()
	d := &diagram{t: t, topics: map[edge][]string{}, looked: map[edge]bool{}, down: map[string]int{}}
	top := topology.New(topology.Config{Partitions: 1, Replication: 1})
	foreign := map[string]bool{}
	for _, s := range top.Topics() {
		foreign[s.Name] = s.Foreign
	}
	groups := top.Groups()
	for _, g := range groups {
		place, ok := places[g.Name]
		if !ok {
			t.Fatalf("group %s has no place in the diagram", g.Name)
		}
		b := &box{name: g.Name, column: place[0], row: place[1]}
		for _, topic := range g.Inputs {
			from := writers(groups, topic)
			if len(from) == 0 || len(from) >= manyWriters || foreign[topic] {
				b.in = append(b.in, topic)
			}
			if len(from) >= manyWriters {
				continue
			}
			for _, writer := range from {
				d.topics[edge{writer, g.Name}] = append(d.topics[edge{writer, g.Name}], topic)
			}
		}
		for _, topic := range g.Outputs {
			if !slices.ContainsFunc(groups, func(r topology.GroupSpec) bool { return slices.Contains(r.Inputs, topic) }) {
				b.out = append(b.out, topic)
			}
		}
		for _, table := range g.Lookups {
			owner := slices.IndexFunc(groups, func(o topology.GroupSpec) bool { return o.Table == table })
			e := edge{groups[owner].Name, g.Name}
			d.topics[e], d.looked[e] = append(d.topics[e], table), true
		}
		d.boxes = append(d.boxes, b)
	}
	d.place()
	return d
}

func writers(groups []topology.GroupSpec, topic string) []string {
	var out []string
	for _, g := range groups {
		if slices.Contains(g.Outputs, topic) {
			out = append(out, g.Name)
		}
	}
	return out
}

func (d *diagram) place() {
	heights := map[int]int{}
	for _, b := range d.boxes {
		b.left = margin + b.column*(boxWidth+gapWidth)
		b.height = headHeight + lineHigh*(len(b.in)+len(b.out)) + margin
		heights[b.row] = max(heights[b.row], b.height)
	}
	for _, b := range d.boxes {
		b.top = margin
		for row := range b.row {
			b.top += heights[row] + rowGap
		}
	}
}

func (d *diagram) put(format string, args ...any) { fmt.Fprintf(&d.svg, format+"\n", args...) }

func (d *diagram) draw(p palette) string {
	width, height := 0, 0
	for _, b := range d.boxes {
		width, height = max(width, b.right()+margin), max(height, b.bottom()+margin)
	}
	d.put(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" role="img" font-family="system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif" font-size="%d">`,
		width, height, smallFont)
	d.put(`<title>Groups and topics of Millrace</title>`)
	d.put(`<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path d="M0,0L8,4L0,8Z" fill="%s"/></marker></defs>`, p.accent)
	for _, to := range d.boxes {
		for _, from := range d.boxes {
			if e := (edge{from.name, to.name}); len(d.topics[e]) > 0 {
				d.drawEdge(p, from, to, e)
			}
		}
	}
	for _, b := range d.boxes {
		d.put(`<rect x="%d" y="%d" width="%d" height="%d" rx="8" fill="%s" stroke="%s"/>`, b.left, b.top, boxWidth, b.height, p.card, p.line)
		d.text(b.left+12, b.head()+5, "start", p.ink, fmt.Sprintf(`<tspan font-size="%d" font-weight="600">%s</tspan>`, nameFont, b.name))
		y := b.top + headHeight + lineHigh/2
		for _, topic := range b.in {
			d.text(b.left+12, y+4, "start", p.soft, "→ "+topic)
			y += lineHigh
		}
		for _, topic := range b.out {
			d.text(b.right()-12, y+4, "end", p.soft, topic+" →")
			y += lineHigh
		}
	}
	return d.svg.String() + "</svg>\n"
}

func (d *diagram) text(x, y int, anchor, fill, s string) {
	d.put(`<text x="%d" y="%d" text-anchor="%s" fill="%s">%s</text>`, x, y, anchor, fill, s)
}

func (d *diagram) drawEdge(p palette, from, to *box, e edge) {
	switch {
	case from.row == to.row && to.column == from.column+1:
		d.path(p, e, "M%d,%dH%d", from.right(), from.head(), to.left-arrowSpace)
		d.label(p, from.right()+(gapWidth-run)/2, from.head()-6, "middle", d.topics[e], -1)
	case from.column == to.column && (to.row-from.row == 1 || from.row-to.row == 1):
		d.drawVertical(p, from, to, e)
	case to.column == from.column+1 && d.freeBelow(from) && to.row > from.row:
		d.path(p, e, "M%d,%dV%dH%d", from.middle(), from.bottom(), to.head(), to.left-arrowSpace)
		d.label(p, to.left-gapWidth/2, to.head()-6, "middle", d.topics[e], -1)
	case to.column > from.column+1 && d.freeBelow(from) && to.row == from.row+1: // below all of that row
		y := 0
		for _, b := range d.boxes {
			if b.row == to.row {
				y = max(y, b.bottom()+rowGap/2)
			}
		}
		d.path(p, e, "M%d,%dV%dH%dV%d", from.middle(), from.bottom(), y, to.middle(), to.bottom()+arrowSpace)
		d.label(p, from.middle()+gapWidth, y-6, "start", d.topics[e], -1)
	case to.column == from.column+1:
		at, y, direction, turn := from.head(), -6, -1, to.left-run
		if to.row > from.row {
			lower := d.down[from.name] // edges that leave the box above this one
			at, y, direction = from.head()+headHeight+lower*(lineHigh-4), lineHigh-4, 1
			turn -= lower * lineHigh / 4
			d.down[from.name] += len(d.topics[e]) + 1
		}
		d.path(p, e, "M%d,%dH%dV%dH%d", from.right(), at, turn, to.head()+headHeight*2/3, to.left-arrowSpace)
		d.label(p, from.right()+6, at+y, "start", d.topics[e], direction)
	default:
		d.t.Fatalf("there is no way to draw %s to %s", from.name, to.name)
	}
}

func (d *diagram) freeBelow(b *box) bool {
	return !slices.ContainsFunc(d.boxes, func(o *box) bool { return o.column == b.column && o.row > b.row })
}

// drawVertical draws to the row above or below; two edges against each other lie side by side.
func (d *diagram) drawVertical(p palette, from, to *box, e edge) {
	x, start, end := from.middle(), from.bottom(), to.top-arrowSpace
	if to.row < from.row {
		start, end = from.top, to.bottom()+arrowSpace
	}
	side, anchor := 6, "start"
	if len(d.topics[edge{to.name, from.name}]) > 0 {
		if to.row > from.row {
			x, side, anchor = x-twoWayGap, -6, "end"
		} else {
			x -= twoWayGap / 2
		}
	}
	d.path(p, e, "M%d,%dV%d", x, start, end)
	d.label(p, x+side, max(from.top, to.top)-rowGap/2+4, anchor, d.topics[e], 1)
}

func (d *diagram) path(p palette, e edge, format string, args ...any) {
	dash := ""
	if d.looked[e] {
		dash = ` stroke-dasharray="4 4"`
	}
	d.put(`<path d="%s" fill="none" stroke="%s" stroke-width="1.5"%s marker-end="url(#tip)"/>`, fmt.Sprintf(format, args...), p.accent, dash)
}

// label writes the topics one above (-1) or below (1) the other.
func (d *diagram) label(p palette, x, y int, anchor string, topics []string, direction int) {
	for i, topic := range topics {
		d.text(x, y+direction*i*(lineHigh-3), anchor, p.ink, topic)
	}
}
