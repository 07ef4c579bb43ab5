package main

import (
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/millrace/millrace/views/token"
)

func (a *app) tokenCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "token", Short: "Tokens for the HTTP API"}
	var o mintOptions
	mint := &cobra.Command{
		Use:   "mint --sub NAME --role ROLE",
		Short: "Print a signed token",
		Long: `Prints only the token. Without --key-file it is signed by the dev that --server names, which must be on this machine; with
--key-file by the private key in that PEM file, for a serve that was given the public one.`,
		Example: "  millrace token mint --sub usr_1 --role user",
		RunE: func(cmd *cobra.Command, _ []string) error {
			var text string
			var err error
			if o.keyFile == "" {
				text, err = a.devToken(cmd.Context(), o.subject, o.roles, o.ttl)
			} else {
				text, err = a.mint(o)
			}
			if err == nil {
				fmt.Fprintln(a.out, text)
			}
			return err
		},
	}
	f := mint.Flags()
	textFlag(f, &o.subject, "sub", "", "who the token is for: the user id, or a name")
	choicesFlag(mint, &o.roles, "role", token.Roles(), "; may be given several times")
	durationFlag(f, &o.ttl, "ttl", token.DefaultTTL,
		fmt.Sprintf("how long the token is valid, at most %v", token.MaxTTL))
	textFlag(f, &o.keyFile, "key-file", "", "PEM file with the private key")
	required(mint, "sub", "role")
	cmd.AddCommand(mint)
	return cmd
}

type mintOptions struct {
	subject, keyFile string
	roles            []string
	ttl              time.Duration
}

// mint signs a token with a key of the user's own.
func (a *app) mint(o mintOptions) (string, error) {
	raw, err := os.ReadFile(o.keyFile)
	if err != nil {
		return "", err
	}
	signer, err := token.ParseSigner(raw)
	if err != nil {
		return "", fmt.Errorf("%s: %w", o.keyFile, err)
	}
	m, err := token.NewMinter(token.MinterConfig{Issuer: a.config.Auth.Issuer, Audience: a.config.Auth.Audience,
		Signer: signer})
	if err != nil {
		return "", err
	}
	roles := make([]token.Role, len(o.roles))
	for i, r := range o.roles {
		roles[i] = token.Role(r)
	}
	return m.Mint(o.subject, roles, o.ttl)
}
