package walkthrough

import (
	"context"
	"io"
	"time"
)

// Where the demo puts things. All of it is the demo's own.
const (
	OperatorNamespace = "frontdesk-system"
	Release           = "frontdesk"
	TenantNamespace   = "dental"
	Tenant            = "bright-smile"
	// Service is what the demo books.
	Service = "checkup"
)

// readyTimeout bounds the wait for a tenant on a busy machine; it takes seconds on an idle one.
const readyTimeout = 3 * time.Minute

// Demo is one run of the walkthrough.
type Demo struct {
	// Repository is the root of the source tree: chart, samples and programs come from there.
	Repository string
	Cluster    Cluster
	Kubectl    Kubectl
	// Image is run when it is built already; the zero Image is built by Install.
	Image Image
	// Values are more values for the chart, name=value each.
	Values []string

	progress *Progress
	// reference is the image that the operator and the servers run.
	reference string
}

// Result is what a reader, or a test, goes on with.
type Result struct {
	// Booking is the appointment that was made and cancelled.
	Booking Booking
	// Refused is the answer to the attempt to book the same slot again.
	Refused *Refusal
	// API reaches the tenant on loopback.
	API *API
	// Lasting is true when it can be reached like that after this process has ended, too.
	Lasting bool
}

// NewDemo prepares a run that reports to out.
func NewDemo(repository string, cluster Cluster, out io.Writer) *Demo {
	return &Demo{
		Repository: repository, Cluster: cluster, progress: NewProgress(out),
		Kubectl: Kubectl{Program: bin(repository, "kubectl"), Commands: Commands{Dir: repository, Env: cluster.Env()}},
	}
}

// Up plays the walkthrough. It can be repeated: what is already there is kept.
func (d *Demo) Up(ctx context.Context) (*Result, error) {
	if err := d.Install(ctx); err != nil {
		return nil, err
	}
	result := &Result{}
	err := d.steps(ctx,
		step{"the tenant's two objects are applied", d.applyTenant},
		step{"the tenant is Ready", d.awaitTenant},
		step{"its server answers through its Service", func(ctx context.Context) (string, error) { return d.connect(ctx, result) }},
		step{"an appointment is booked", func(ctx context.Context) (string, error) { return d.book(ctx, result) }},
		step{"the same slot again is refused", func(ctx context.Context) (string, error) { return d.bookAgain(ctx, result) }},
		step{"the appointment is cancelled", func(ctx context.Context) (string, error) { return d.cancel(ctx, result) }},
	)
	if err != nil {
		return nil, d.explain(ctx, err)
	}
	return result, d.conclude(ctx, result)
}

// Install brings the cluster up and the operator into it. The image is built meanwhile: a cluster that is
// built for the first time leaves a processor idle now and then.
func (d *Demo) Install(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	building := startImage(ctx, d.Repository, d.Image)
	defer func() { cancel(); <-building.done }()
	d.progress.Printf("… cluster\n")
	err := d.steps(ctx,
		step{"the cluster is up", func(ctx context.Context) (string, error) { return "", d.Cluster.Up(ctx, d.progress.Indented()) }},
		step{"the image is built", func(context.Context) (string, error) {
			<-building.done
			return building.image.Reference, building.err
		}},
		step{"the image is loaded", func(ctx context.Context) (_ string, err error) {
			d.reference, err = d.Cluster.Load(ctx, building.image)
			return "", err
		}},
	)
	if err != nil {
		return err
	}
	if err := d.noteWhatIsThere(ctx); err != nil {
		return err
	}
	if err := d.steps(ctx, step{"the operator is installed by Helm", d.helmUpgrade}); err != nil {
		return d.explain(ctx, err)
	}
	return nil
}

type step struct {
	title string
	do    func(context.Context) (string, error)
}

// steps runs steps in turn until one fails.
func (d *Demo) steps(ctx context.Context, steps ...step) error {
	for _, s := range steps {
		if err := d.progress.Step(ctx, s.title, s.do); err != nil {
			return err
		}
	}
	return nil
}
