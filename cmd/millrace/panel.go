package main

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"

	"github.com/millrace/millrace/cmd/cluster"
)

// eachItem gives take every item of a list of the panel, page after page.
func (a *app) eachItem(ctx context.Context, path, token string, take func(json.RawMessage) error) error {
	for cursor := ""; ; {
		raw, _, err := a.call(ctx, http.MethodGet, path+"?"+url.Values{"limit": {"500"}, "cursor": {cursor}}.Encode(), token, nil)
		if err != nil {
			return err
		}
		var page struct {
			Items      []json.RawMessage `json:"items"`
			NextCursor *string           `json:"next_cursor"`
		}
		if err := json.Unmarshal(raw, &page); err != nil {
			return err
		}
		for _, item := range page.Items {
			if err := take(item); err != nil {
				return err
			}
		}
		if page.NextCursor == nil {
			return nil
		}
		cursor = *page.NextCursor
	}
}

// waitForCatalog returns when the views of --server show the catalog as it now is.
func (a *app) waitForCatalog(ctx context.Context) error {
	adm, err := a.admin()
	if err != nil {
		return err
	}
	defer adm.Close()
	ends, err := cluster.EndOffsets(ctx, adm, []string{string(a.topology().Catalog.Table())})
	if err != nil {
		return err
	}
	return a.waitForViews(ctx, ends)
}
