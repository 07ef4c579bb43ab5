package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strconv"

	"github.com/spf13/cobra"
)

// paging says how much of a list is shown.
type paging struct {
	limit int
	all   bool
}

// maxPage is the most items that the server gives at a time.
const maxPage = 500

func (p *paging) flags(c *cobra.Command) {
	wholeFlag(c.Flags(), &p.limit, "limit", 50, "show at most this many")
	switchFlag(c.Flags(), &p.all, "all", "show all, page after page")
	c.MarkFlagsMutuallyExclusive("limit", "all")
}

// everything is a list to its end.
func everything() paging { return paging{all: true} }

// eachItem gives take the items of a list of the server, page after page. more tells that there are others behind them.
func (a *app) eachItem(ctx context.Context, c call, p paging, take func(json.RawMessage) error) (more bool, err error) {
	if !p.all && p.limit < 1 {
		return false, fmt.Errorf("--limit %d: must be at least 1, or give --all", p.limit)
	}
	query := maps.Clone(c.query)
	if query == nil {
		query = url.Values{}
	}
	c.method, c.query = http.MethodGet, query
	for left := p.limit; ; {
		size := maxPage
		if !p.all {
			size = min(left, maxPage)
		}
		if !c.whole {
			query.Set("limit", strconv.Itoa(size))
		}
		out, err := a.call(ctx, c)
		if err != nil {
			return false, err
		}
		items, next, err := pageOf(out.body, c.items)
		if err != nil {
			return false, fmt.Errorf("%s: the answer is no list: %w", c.path, err)
		}
		for i, item := range items {
			if err := take(item); err != nil {
				return false, err
			}
			if left--; left == 0 && !p.all {
				return i < len(items)-1 || next != nil, nil
			}
		}
		if next == nil {
			return false, nil
		}
		query.Set("cursor", *next)
	}
}

// pageOf reads one page, whose items are under name, by default "items".
func pageOf(body []byte, name string) (items []json.RawMessage, next *string, err error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(body, &fields); err != nil {
		return nil, nil, err
	}
	if err := json.Unmarshal(fields[cmp.Or(name, "items")], &items); err != nil {
		return nil, nil, err
	}
	if cursor := fields["next_cursor"]; cursor != nil {
		err = json.Unmarshal(cursor, &next)
	}
	return items, next, err
}

// list prints a list of the server, a row for each item in the table.
func list[T any](ctx context.Context, a *app, c call, p paging, header []string, row func(T) []string) error {
	all, t := []json.RawMessage{}, table{header: header}
	more, err := a.eachItem(ctx, c, p, func(raw json.RawMessage) error {
		var item T
		if err := json.Unmarshal(raw, &item); err != nil {
			return err
		}
		all, t.rows = append(all, raw), append(t.rows, row(item))
		return nil
	})
	if err != nil {
		return err
	}
	if err := a.print(all, func() table { return t }); err != nil {
		return err
	}
	a.hintAtMore(more, len(all))
	return nil
}

func (a *app) hintAtMore(more bool, shown int) {
	if more {
		fmt.Fprintf(a.errs, "There are more than these %d: --limit N or --all shows them.\n", shown)
	}
}

// show prints one object of the server.
func show[T any](ctx context.Context, a *app, c call, asTable func(T) table) error {
	if c.method == "" {
		c.method = http.MethodGet
	}
	out, err := a.write(ctx, c)
	if err != nil {
		return err
	}
	var item T
	if err := c.read(out, &item); err != nil {
		return err
	}
	return a.print(out.body, func() table { return asTable(item) })
}

// path makes a path of the server, each part escaped.
func path(parts ...string) string {
	out := ""
	for _, p := range parts {
		out += "/" + url.PathEscape(p)
	}
	return out
}
