package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"devloop/schema/jsonschema"
	"devloop/schema/reference"
)

var schemaFormats = []string{"json", "markdown"}

func schemaCommand(a *app) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON schema of devloop.yaml, or a page of all keys",
		Long: `schema prints the JSON schema of devloop.yaml. An editor with yaml-language-server
reads it from the file named in the first line of devloop.yaml:

  # yaml-language-server: $schema=./.devloop/devloop.schema.json`,
		Example: "  devloop schema > .devloop/devloop.schema.json\n  devloop schema --format markdown",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			var text []byte
			var err error
			switch format {
			case "json":
				text, err = jsonschema.Generate()
			case "markdown":
				text = reference.Markdown()
			default:
				return usageError{fmt.Errorf("unknown format %q: one of %s", format, strings.Join(schemaFormats, ", ")), "devloop schema"}
			}
			if err != nil {
				return fmt.Errorf("write the schema: %w", err)
			}
			_, err = a.stdout.Write(text)
			return err
		},
	}
	cmd.Flags().StringVar(&format, "format", "json", strings.Join(schemaFormats, ", "))
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(slices.Clone(schemaFormats), cobra.ShellCompDirectiveNoFileComp)) // the flag is there
	return cmd
}
