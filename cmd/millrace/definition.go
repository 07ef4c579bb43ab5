package main

import (
	"context"
	"fmt"
	"net/http"

	"github.com/spf13/cobra"

	"github.com/millrace/millrace/domain/catalog"
)

// defined is a kind of definition beside missions, with its commands.
type defined struct {
	collection
	use, short, example string
}

func definitions() []defined {
	of := func(kind catalog.Kind, use, at, noun string) collection {
		return collection{kind, at, func(id string) string { return at + path(id) }, noun, "millrace " + use + " list"}
	}
	return []defined{
		{
			of(catalog.KindBrand, "brand", "/v1/panel/brands", "brand"), "brand",
			"Brands: who stands behind missions, ads and rewards",
			"- {id: swiggy, name: Swiggy, merchants: [swiggy]}",
		}, {
			of(catalog.KindAd, "ad", "/v1/panel/ads", "ad"), "ad", "Ads: what users see at a place of the app",
			"- {id: home-1, title: Spend and win, placement: home, mission_id: swiggy-500}",
		}, {
			of(catalog.KindPool, "pool", "/v1/panel/pools", "pool"), "pool", "Pools of gift codes",
			"- {id: diwali, title: Diwali vouchers}",
		}, {
			of(catalog.KindRewardTemplate, "reward-template", "/v1/panel/reward-templates", "reward template"),
			"reward-template", "Rewards that missions name",
			"- {id: hundred, reward: {kind: coins, amount: 100}}",
		},
	}
}

func (a *app) definitionCommand(d defined) *cobra.Command {
	cmd := &cobra.Command{Use: d.use, Short: d.short}
	complete := a.listed(call{path: d.path, roles: reads()}, "id")
	var reason string
	archive := &cobra.Command{
		Use: "archive ID", Short: "Archive one: it is shown to nobody and no new mission can name it",
		Example:           "  millrace " + d.use + " archive ID",
		ValidArgsFunction: complete,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withdrawEntity(cmd.Context(), &d.collection, args[0], reason)
		},
	}
	reasonFlag(archive, &reason)
	get := &cobra.Command{
		Use: "get ID", Short: "Show one", Example: "  millrace " + d.use + " get ID -o yaml",
		ValidArgsFunction: complete,
		RunE: func(cmd *cobra.Command, args []string) error {
			return show(cmd.Context(), a, d.of(http.MethodGet, args[0]), func(s shownDefinition) table {
				return table{header: definitionHeader(), rows: [][]string{s.row()}}
			})
		},
	}
	cmd.AddCommand(a.applyEntitiesCommand(&d.collection, "", d.example), a.listDefinitionsCommand(d), get, archive)
	if d.kind == catalog.KindPool {
		cmd.AddCommand(a.codesCommand(complete))
	}
	return cmd
}

// shownDefinition is what the table shows of one.
type shownDefinition struct {
	ID        string `json:"id"`
	Status    string `json:"status"`
	Title     string `json:"title"`
	Name      string `json:"name"`
	Revision  int64  `json:"revision"`
	ChangedAt string `json:"changed_at"`
	Actor     string `json:"actor"`
	Codes     *struct {
		Added int64 `json:"added"`
	} `json:"codes"`
	Stock *struct {
		Available int64 `json:"available"`
	} `json:"stock"`
}

func definitionHeader() []string {
	return []string{"id", "status", "revision", "changed", "by", "title"}
}

func (s shownDefinition) row() []string {
	title := s.Title + s.Name
	if s.Codes != nil {
		title += fmt.Sprintf(" (%d codes uploaded", s.Codes.Added)
		if s.Stock != nil {
			title += fmt.Sprintf(", %d available", s.Stock.Available)
		}
		title += ")"
	}
	return []string{s.ID, s.Status, fmt.Sprint(s.Revision), s.ChangedAt, s.Actor, dash(title)}
}

func (a *app) listDefinitionsCommand(d defined) *cobra.Command {
	var p paging
	var status string
	cmd := &cobra.Command{
		Use: "list", Short: "List them",
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.listDefinitions(cmd.Context(), d, p, status)
		},
	}
	p.flags(cmd)
	choiceFlag(cmd, &status, "status", "", catalog.DefinitionStatuses(), "only this status: ")
	return cmd
}

func (a *app) listDefinitions(ctx context.Context, d defined, p paging, status string) error {
	return list(ctx, a, call{path: d.path, roles: reads(), query: nonEmpty("status", status)}, p, definitionHeader(),
		shownDefinition.row)
}
