package command

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/cmd/kubectl-frontdesk/internal/bookingapi"
)

type keys struct {
	settings
	output  format
	name    string
	scopes  []string
	expires time.Duration
	overlap string
	quiet   bool
}

func newKeys(shared settings) *cobra.Command {
	o := &keys{settings: shared}
	cmd := &cobra.Command{
		Use:   "keys",
		Short: "List, make, rotate and revoke the API keys of a tenant",
		Long: `List, make, rotate and revoke the API keys of a tenant.

It asks the tenant's own server, through the API server, with the key that the operator made for the tenant. So it
needs the rights to read that Secret and to port-forward to pods. A new secret is printed once and kept nowhere.`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return usage("%q is no command: use list, create, rotate or revoke", args[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	list := o.command("list TENANT", "List the keys, oldest first", oneTenant, o.list)
	create := o.command("create TENANT --name NAME --scope SCOPE…", "Make a key and print it, once", oneTenant, o.create)
	create.Long = "Make a key and print it, once.\n\nWhat a key may do is said by its scopes:\n" + scopesHelp
	create.Example = `  kubectl frontdesk keys create bright-smile -n dental --name CRM --scope bookings:read,bookings:write
  KEY=$(kubectl frontdesk keys create bright-smile -n dental --name CI --scope bookings:read --expires-in 24h -q)`
	create.Flags().StringVar(&o.name, "name", "", "what the key is for (required)")
	create.Flags().StringSliceVar(&o.scopes, "scope", nil, "what it may do, see above; several with commas, or the flag again (required)")
	create.Flags().DurationVar(&o.expires, "expires-in", 0, "how long it is good, such as 720h; without it: until it is revoked")
	rotate := o.command("rotate TENANT ID", "Give a key a new secret and print it, once", tenantAndKey, o.rotate)
	rotate.Flags().StringVar(&o.overlap, "overlap", "", "how long the old secret stays good, such as 24h; without it: it ends at once")
	for _, maker := range []*cobra.Command{create, rotate} {
		maker.Flags().BoolVarP(&o.quiet, "quiet", "q", false, "print the key and nothing else")
	}
	cmd.AddCommand(list, create, rotate, o.command("revoke TENANT ID", "End a key for good", tenantAndKey, o.revoke))
	return cmd
}

// scopesHelp lists the scopes there are.
const scopesHelp = `
  bookings:read         services, free times, bookings and their history, the waitlist
  bookings:write        hold, make, change and cancel bookings; join the waitlist
  leads:read            leads, opt-outs
  leads:write           make, change and import leads; opt out
  admin                 everything, also keys, and what the business alone decides about bookings
  calendar:ID           the calendar feed of one resource or booking, without names; alone, it may stand in an address
  calendar-names:ID     the same feed with the customers' names`

// action is what one subcommand does with the tenant's API.
type action func(ctx context.Context, api *bookingapi.Client, t *v1alpha1.Tenant, args []string) error

func (o *keys) command(use, short string, check cobra.PositionalArgs, do action) *cobra.Command {
	cmd := &cobra.Command{
		Use: use, Short: short, Args: check, ValidArgsFunction: o.completeTenants,
		RunE: func(cmd *cobra.Command, args []string) error {
			if cmd.Name() == "create" && (o.name == "" || len(o.scopes) == 0) {
				return usage("say what the key is for and what it may do, such as --name CRM --scope bookings:read,bookings:write")
			}
			connected, err := o.connect()
			if err != nil {
				return err
			}
			return connected.withAPI(cmd.Context(), args[0], func(t *v1alpha1.Tenant, api *bookingapi.Client) error {
				return do(cmd.Context(), api, t, args[1:])
			})
		},
	}
	cmd.Flags().VarP(&o.output, "output", "o", "json or yaml, for programs")
	return cmd
}

func tenantAndKey(cmd *cobra.Command, args []string) error {
	if len(args) != 2 {
		return usage("name a tenant and the id of a key: %s TENANT ID; `kubectl frontdesk keys list TENANT` shows the ids", cmd.CommandPath())
	}
	return nil
}

func (o *keys) list(ctx context.Context, api *bookingapi.Client, _ *v1alpha1.Tenant, _ []string) error {
	found, err := api.Keys(ctx)
	if err != nil {
		return err
	}
	if printed, err := o.output.print(o.settings, found); printed {
		return err
	}
	table := tabwriter.NewWriter(o.Out, 0, 0, 3, ' ', 0)
	_, _ = fmt.Fprintln(table, "ID\tNAME\tSTATE\tSCOPES\tLAST USED\tEXPIRES")
	for _, key := range found {
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", key.ID, key.Name, keyState(key, time.Now()), strings.Join(key.Scopes, ","), day(key.LastUsedAt), day(key.ExpiresAt))
	}
	return table.Flush()
}

func keyState(key bookingapi.Key, now time.Time) string {
	switch {
	case key.RevokedAt != nil:
		return "revoked"
	case key.ExpiresAt != nil && !key.ExpiresAt.After(now):
		return "expired"
	case key.Source == "configuration":
		return "from the configuration"
	case key.PreviousUntil != nil && key.PreviousUntil.After(now):
		return "good, old secret until " + key.PreviousUntil.Local().Format("2006-01-02 15:04")
	default:
		return "good"
	}
}

func day(at *time.Time) string {
	if at == nil {
		return "-"
	}
	return at.Local().Format("2006-01-02 15:04")
}

func (o *keys) create(ctx context.Context, api *bookingapi.Client, _ *v1alpha1.Tenant, _ []string) error {
	var expires *time.Time
	if o.expires > 0 {
		at := time.Now().Add(o.expires).UTC().Truncate(time.Second)
		expires = &at
	}
	key, err := api.CreateKey(ctx, o.name, o.scopes, expires)
	if err != nil {
		return err
	}
	return o.hand(key)
}

func (o *keys) rotate(ctx context.Context, api *bookingapi.Client, _ *v1alpha1.Tenant, args []string) error {
	key, err := api.RotateKey(ctx, args[0], o.overlap)
	if err != nil {
		return err
	}
	return o.hand(key)
}

// hand prints a new secret: alone on standard output, so that it can be piped.
func (o *keys) hand(key bookingapi.Key) error {
	if printed, err := o.output.print(o.settings, key); printed {
		return err
	}
	if !o.quiet {
		o.note("Key %s (%s) may %s. This is the only time that it is shown:", key.ID, key.Name, strings.Join(key.Scopes, ", "))
	}
	o.say("%s", key.Secret)
	return nil
}

func (o *keys) revoke(ctx context.Context, api *bookingapi.Client, _ *v1alpha1.Tenant, args []string) error {
	key, err := api.RevokeKey(ctx, args[0])
	if err != nil {
		return err
	}
	if printed, err := o.output.print(o.settings, key); printed {
		return err
	}
	o.say("key %s (%s) is revoked", key.ID, key.Name)
	return nil
}
