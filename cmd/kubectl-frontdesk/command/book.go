package command

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/frontdesk-dev/frontdesk/api/v1alpha1"
	"github.com/frontdesk-dev/frontdesk/cmd/kubectl-frontdesk/internal/bookingapi"
)

type book struct {
	settings
	output format
	list   bool
	limit  int
	from   string
	at     string
	wish   bookingapi.Wish
	once   string
}

func newBook(shared settings) *cobra.Command {
	o := &book{settings: shared}
	cmd := &cobra.Command{
		Use:   "book TENANT",
		Short: "Make an appointment, or list the free times",
		Long: `Make an appointment with a tenant, or list its free times.

Times are in the tenant's own zone unless they carry an offset. When the time is taken, the nearest free ones are
printed and the exit code is 1.`,
		Example: `  kubectl frontdesk book bright-smile -n dental --list
  kubectl frontdesk book bright-smile -n dental --list --service checkup
  kubectl frontdesk book bright-smile -n dental --service checkup --at '2026-12-01 09:30' --name 'Ann Miller' --phone 02079460123`,
		Args: oneTenant, ValidArgsFunction: shared.completeTenants,
		RunE: func(cmd *cobra.Command, args []string) error { return o.run(cmd.Context(), args[0]) },
	}
	flags := cmd.Flags()
	flags.BoolVar(&o.list, "list", false, "list free times of --service; without --service: what can be booked")
	flags.IntVar(&o.limit, "limit", 10, "with --list: at most so many times")
	flags.StringVar(&o.from, "from", "", "with --list: the first day, such as 2026-12-01")
	flags.StringVar(&o.wish.Service, "service", "", "id of the service")
	flags.StringVar(&o.wish.Resource, "resource", "", "id of the person or room that is wanted; without it: whoever is free")
	flags.StringVar(&o.at, "at", "", "when: 2026-12-01 09:30, tomorrow 09:30, or with an offset 2026-12-01T09:30:00Z")
	flags.StringVar(&o.wish.Customer.Name, "name", "", "the customer's name")
	flags.StringVar(&o.wish.Customer.Phone, "phone", "", "the customer's phone number (or --email)")
	flags.StringVar(&o.wish.Customer.Email, "email", "", "the customer's e-mail address (or --phone)")
	flags.StringVar(&o.wish.Notes, "notes", "", "what the business should know")
	flags.StringVar(&o.once, "idempotency-key", "", "repeat the command with the same one, and it books once")
	flags.VarP(&o.output, "output", "o", "json or yaml, for programs")
	return cmd
}

func (o *book) run(ctx context.Context, name string) error {
	if err := o.complete(); err != nil {
		return err
	}
	connected, err := o.connect()
	if err != nil {
		return err
	}
	return connected.withAPI(ctx, name, func(t *v1alpha1.Tenant, api *bookingapi.Client) error {
		zone, err := time.LoadLocation(string(t.Spec.TimeZone))
		if err != nil {
			return fmt.Errorf("time zone of tenant %s: %w", t.Name, err)
		}
		switch {
		case o.list && o.wish.Service == "":
			return o.services(ctx, api)
		case o.list:
			return o.slots(ctx, api, zone)
		default:
			return o.book(ctx, api, zone)
		}
	})
}

// complete says at once everything that is missing.
func (o *book) complete() error {
	if o.list {
		if o.limit < 1 || o.limit > 1000 {
			return usage("--limit must be from 1 to 1000")
		}
		return nil
	}
	var missing []string
	for _, flag := range []struct{ name, value string }{
		{"--service", o.wish.Service}, {"--at", o.at}, {"--name", o.wish.Customer.Name},
		{"--phone or --email", o.wish.Customer.Phone + o.wish.Customer.Email},
	} {
		if flag.value == "" {
			missing = append(missing, flag.name)
		}
	}
	if len(missing) > 0 {
		return usage("%s must be given; or --list to see what is free", strings.Join(missing, ", "))
	}
	return nil
}

func (o *book) services(ctx context.Context, api *bookingapi.Client) error {
	found, err := api.Services(ctx)
	if err != nil {
		return err
	}
	if printed, err := o.output.print(o.settings, found); printed {
		return err
	}
	table := tabwriter.NewWriter(o.Out, 0, 0, 3, ' ', 0)
	_, _ = fmt.Fprintln(table, "SERVICE\tNAME\tDURATION")
	for _, service := range found {
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\n", service.ID, service.Name, service.Duration)
	}
	return table.Flush()
}

func (o *book) slots(ctx context.Context, api *bookingapi.Client, zone *time.Location) error {
	found, err := api.Slots(ctx, o.wish.Service, o.wish.Resource, o.from, "", o.limit)
	if err != nil {
		return err
	}
	if printed, err := o.output.print(o.settings, found); printed {
		return err
	}
	if len(found.Slots) == 0 {
		o.note("Nothing is free within seven days. --from chooses a later day.")
		return nil
	}
	o.note("Free times of %s, in %s:", o.wish.Service, zone)
	if err := o.times(found.Slots, zone); err != nil {
		return err
	}
	if found.More {
		o.note("There are more: --limit, or --from for a later day.")
	}
	return nil
}

// times prints slots in a form that --at takes.
func (o *book) times(slots []bookingapi.Slot, zone *time.Location) error {
	table := tabwriter.NewWriter(o.Out, 0, 0, 3, ' ', 0)
	for _, slot := range slots {
		places := ""
		if slot.PlacesLeft > 1 {
			places = fmt.Sprintf("%d places", slot.PlacesLeft)
		}
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\n", wallClock(slot.Start, zone), strings.Join(slot.Resources, ", "), places)
	}
	return table.Flush()
}

func (o *book) book(ctx context.Context, api *bookingapi.Client, zone *time.Location) error {
	var err error
	if o.wish.Start, err = parseMoment(o.at, zone, time.Now()); err != nil {
		return err
	}
	if o.once == "" {
		o.once = rand.Text()
	}
	made, err := api.Book(ctx, o.once, o.wish)
	if err != nil {
		return o.refused(err, zone)
	}
	if printed, err := o.output.print(o.settings, made); printed {
		return err
	}
	with := make([]string, len(made.Resources))
	for i, resource := range made.Resources {
		with[i] = resource.Name
	}
	o.say("%s: %s for %s on %s (%s) with %s", made.Status, made.Service.Name, made.Customer.Name, wallClock(made.Start, zone), zone, strings.Join(with, " and "))
	o.say("booking %s", made.ID)
	return nil
}

// refused shows the free times beside the one that is not.
func (o *book) refused(err error, zone *time.Location) error {
	var refusal *bookingapi.Refusal
	if !errors.As(err, &refusal) || len(refusal.Details.Alternatives) == 0 {
		return err
	}
	if printed, failed := o.output.print(o.settings, refusal); printed {
		return errors.Join(errNo, failed)
	}
	o.note("%s", refusal.Error())
	o.note("Free instead, in %s:", zone)
	if failed := o.times(refusal.Details.Alternatives, zone); failed != nil {
		return failed
	}
	return errNo
}
