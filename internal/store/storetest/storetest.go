package storetest

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"
	"go.uber.org/goleak"

	"github.com/frontdesk-dev/frontdesk/internal/booking"
)

// Engine is a kind of store under test.
type Engine struct {
	// New makes a fresh database without bookings that is removed after the test, and returns where it is.
	New func(t testing.TB) (location string)
	// NewEmpty is the same without any schema, when New makes that already; nil otherwise.
	NewEmpty func(t testing.TB) (location string)
	// Open opens a store on a location. It may be called several times for one location, also by another process,
	// unless the engine is Exclusive.
	Open func(ctx context.Context, location string) (booking.Store, error)
	// Exclusive says that one store at a time has a location: opening another one waits for a short while, and then is
	// booking.ErrUnavailable. Its stores may be closed twice.
	Exclusive bool
}

// tests are the contract, one name for each promise.
var tests = map[string]func(*fixture){
	"Lifecycle":                       testLifecycle,
	"KeepsEveryField":                 testKeepsEveryField,
	"CustomersByPhone":                testCustomersByPhone,
	"CustomersByEmail":                testCustomersByEmail,
	"HostileText":                     testHostileText,
	"RefusesWhatItCannotKeep":         testRefusesWhatItCannotKeep,
	"ExtremeTimes":                    testExtremeTimes,
	"OverlapMatrix":                   testOverlapMatrix,
	"CandidatesInOrder":               testCandidatesInOrder,
	"Units":                           testUnits,
	"SeveralResources":                testSeveralResources,
	"HoldExpires":                     testHoldExpires,
	"HoldExpiresInLimits":             testHoldExpiresInLimits,
	"Replay":                          testReplay,
	"RefusalKeepsTheKey":              testRefusalKeepsTheKey,
	"TentativeRefusal":                testTentativeRefusal,
	"Refuse":                          testRefuse,
	"RefusalRace":                     testRefusalRace,
	"IdempotencyRace":                 testIdempotencyRace,
	"IdempotencyRaceOverPool":         testIdempotencyRaceOverPool,
	"LimitPerDayRace":                 testLimitPerDayRace,
	"LimitOfResources":                testLimitOfResources,
	"LimitOpenPerCustomerRace":        testLimitOpenPerCustomerRace,
	"CountByStart":                    testCountByStart,
	"CountByStatus":                   testCountByStatus,
	"GroupRace":                       testGroupRace,
	"GroupBlocksOthers":               testGroupBlocksOthers,
	"GroupPlacesReturn":               testGroupPlacesReturn,
	"GroupHoldExpires":                testGroupHoldExpires,
	"GroupTakesOnlyWhoFits":           testGroupTakesOnlyWhoFits,
	"CancelFreesTheSlot":              testCancelFreesTheSlot,
	"CancelRefused":                   testCancelRefused,
	"CancelIdempotency":               testCancelIdempotency,
	"CancelRace":                      testCancelRace,
	"CancelWhileMoving":               testCancelWhileMoving,
	"ListFilters":                     testListFilters,
	"ListPagesWhileInserting":         testListPagesWhileInserting,
	"Occupied":                        testOccupied,
	"Events":                          testEvents,
	"Transitions":                     testTransitions,
	"TransitionRefused":               testTransitionRefused,
	"ConfirmKeepsTheSlot":             testConfirmKeepsTheSlot,
	"ConfirmRace":                     testConfirmRace,
	"Reschedule":                      testReschedule,
	"RescheduleRefused":               testRescheduleRefused,
	"RescheduleIdempotency":           testRescheduleIdempotency,
	"RescheduleHold":                  testRescheduleHold,
	"RescheduleGroup":                 testRescheduleGroup,
	"RescheduleRace":                  testRescheduleRace,
	"Update":                          testUpdate,
	"UpdateRefused":                   testUpdateRefused,
	"UpdateRace":                      testUpdateRace,
	"Decline":                         testDecline,
	"Series":                          testSeries,
	"SeriesAllOrNothing":              testSeriesAllOrNothing,
	"SeriesCancelled":                 testSeriesCancelled,
	"SeriesRace":                      testSeriesRace,
	"NoDeadlockInAnyOrder":            testNoDeadlockInAnyOrder,
	"RaceForSlots":                    testRaceForSlots,
	"RaceForUnits":                    testRaceForUnits,
	"TwoResourcesInRandomOrder":       testTwoResourcesInRandomOrder,
	"WaitlistKeepsEveryField":         testWaitlistKeepsEveryField,
	"WaitlistFilters":                 testWaitlistFilters,
	"WaitlistOffersInOrder":           testWaitlistOffersInOrder,
	"WaitlistAnswers":                 testWaitlistAnswers,
	"WaitlistLapses":                  testWaitlistLapses,
	"WaitlistTakesLapsedHolds":        testWaitlistTakesLapsedHolds,
	"WaitlistJoinsAfterLapse":         testWaitlistJoinsAfterLapse,
	"WaitlistHandOnGoesOn":            testWaitlistHandOnGoesOn,
	"WaitlistBounded":                 testWaitlistBounded,
	"WaitlistOffersStartOnce":         testWaitlistOffersStartOnce,
	"WaitlistMoves":                   testWaitlistMoves,
	"WaitlistSeries":                  testWaitlistSeries,
	"WaitlistSeriesLimits":            testWaitlistSeriesLimits,
	"WaitlistGroup":                   testWaitlistGroup,
	"WaitlistLeave":                   testWaitlistLeave,
	"WaitlistLimits":                  testWaitlistLimits,
	"WaitlistIdempotency":             testWaitlistIdempotency,
	"WaitlistRace":                    testWaitlistRace,
	"WaitlistAnswerRace":              testWaitlistAnswerRace,
	"CancelledContextChangesNothing":  testCancelledContext,
	"ClosedStoreIsUnavailable":        testClosedStore,
	"ManyOpenAtOnce":                  testManyOpenAtOnce,
	"KilledProcessLosesNothing":       testKilledProcess,
	"KilledWhileOffering":             testKilledWhileOffering,
	"TwoStoresOnOneDatabaseNoOverlap": testTwoStores,
}

// Run holds an engine to the contract.
func Run(t *testing.T, engine Engine) {
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			location := engine.New(t)
			test(&fixture{T: t, engine: engine, location: location, Store: open(t, engine, location)})
		})
	}
}

// RunLeaks checks that a closed store leaves no goroutine behind. It must not run beside other tests.
func RunLeaks(t *testing.T, engine Engine) {
	location := engine.New(t)
	before := goleak.IgnoreCurrent()
	store, err := engine.Open(t.Context(), location)
	if err != nil {
		t.Fatal(err)
	}
	for range 10 {
		if err := store.Ping(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	goleak.VerifyNone(t, before)
}

// fixture is one test's store and database.
type fixture struct {
	*testing.T
	booking.Store
	engine   Engine
	location string
}

func open(t testing.TB, engine Engine, location string) booking.Store {
	t.Helper()
	store, err := engine.Open(t.Context(), location)
	if err != nil {
		t.Fatalf("open the store: %v", err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Errorf("close the store: %v", err)
		}
	})
	return store
}

// makeWay closes the fixture's store if no other can be opened beside it.
func (f *fixture) makeWay() {
	f.Helper()
	if !f.engine.Exclusive {
		return
	}
	if err := f.Close(); err != nil {
		f.Fatalf("close the store: %v", err)
	}
}

// monday is a date far enough away to be in the future of every run, and near enough for every clock.
var monday = time.Date(2040, 1, 2, 0, 0, 0, 0, time.UTC)

// at is a time on that day.
func at(hour, minute int) time.Time {
	return monday.Add(time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute)
}

var people atomic.Int64

// somebody is a new customer.
func somebody() booking.Customer {
	return booking.Customer{Name: "Somebody", Phone: fmt.Sprintf("+4420%08d", people.Add(1))}
}

func newID() string { return uuid.Must(uuid.NewV7()).String() }

// appointment asks for an hour of one unit, confirmed at once.
func appointment(resource string, start time.Time) booking.NewBooking {
	end := start.Add(time.Hour)
	return booking.NewBooking{
		Booking: booking.Booking{
			ID: newID(), ServiceID: "checkup", Customer: somebody(), Start: start, End: end,
			Blocked: booking.Interval{Start: start, End: end}, TimeZone: "Europe/London",
			LocalStart: start.Format("2006-01-02T15:04"), Status: booking.StatusConfirmed, Channel: "api", GroupSize: 1,
		},
		Candidates: []booking.Assignment{{{ResourceID: resource, Number: 1}}},
		Actor:      booking.Actor{Principal: "key:test", Channel: "api"},
	}
}

// held is the same as a hold.
func held(r booking.NewBooking, ttl time.Duration) booking.NewBooking {
	r.Booking.Status, r.HoldTTL = booking.StatusHeld, ttl
	return r
}

// inGroup is the same as a place in a session.
func inGroup(r booking.NewBooking, size int) booking.NewBooking {
	r.Booking.GroupSize = size
	return r
}

// lasting is the same with another length.
func lasting(r booking.NewBooking, length time.Duration) booking.NewBooking {
	r.Booking.End = r.Booking.Start.Add(length)
	r.Booking.Blocked.End = r.Booking.End
	return r
}

func claim(key string, body byte) *booking.IdempotencyClaim {
	return &booking.IdempotencyClaim{Principal: "key:test", Route: "POST /bookings", Key: key, BodyHash: [32]byte{body}}
}

// mustBook books or ends the test.
func (f *fixture) mustBook(r booking.NewBooking) booking.Booking {
	f.Helper()
	b, replayed, err := f.Book(f.Context(), r)
	if err != nil || replayed {
		f.Fatalf("Book = replayed %v, %v; want a new booking", replayed, err)
	}
	return b
}

func (f *fixture) mustGet(id string) booking.Booking {
	f.Helper()
	b, err := f.Get(f.Context(), id)
	if err != nil {
		f.Fatalf("Get: %v", err)
	}
	return b
}

func (f *fixture) now() time.Time {
	f.Helper()
	now, err := f.Now(f.Context())
	if err != nil {
		f.Fatalf("Now: %v", err)
	}
	return now
}

// until waits for a condition, at most a minute.
func (f *fixture) until(what string, condition func() bool) {
	f.Helper()
	deadline := time.Now().Add(time.Minute)
	for !condition() {
		if time.Now().After(deadline) {
			f.Fatalf("waited a minute in vain until %s", what)
		}
		time.Sleep(5 * time.Millisecond) // between two looks at the condition
	}
}

// all lists every booking.
func (f *fixture) all() []booking.Booking {
	f.Helper()
	var list []booking.Booking
	filter := booking.Filter{Limit: 200}
	for {
		page, err := f.List(f.Context(), filter)
		if err != nil {
			f.Fatalf("List: %v", err)
		}
		list = append(list, page...)
		if len(page) < filter.Limit {
			return list
		}
		last := page[len(page)-1]
		filter.After = booking.Position{Start: last.Start, ID: last.ID}
	}
}

// checkNoOverlap looks for two live bookings on one unit at one time, pair by pair, among all that there are.
// Places of one session share its units.
func (f *fixture) checkNoOverlap() {
	f.Helper()
	byUnit := map[booking.Unit][]booking.Booking{}
	for _, b := range f.all() {
		if !b.Status.Live() {
			continue
		}
		for _, unit := range b.Units {
			for _, other := range byUnit[unit] {
				sameSession := b.GroupSize > 1 && other.GroupSize > 1 && b.ServiceID == other.ServiceID && b.Start.Equal(other.Start)
				if !sameSession && b.Blocked.Start.Before(other.Blocked.End) && other.Blocked.Start.Before(b.Blocked.End) {
					f.Errorf("bookings %s and %s overlap on %v: %v and %v", b.ID, other.ID, unit, b.Blocked, other.Blocked)
				}
			}
			byUnit[unit] = append(byUnit[unit], b)
		}
	}
}

// race runs fn n times at once and waits for all.
func race(n int, fn func(i int)) {
	var start, done sync.WaitGroup
	start.Add(1)
	for i := range n {
		done.Go(func() {
			start.Wait()
			fn(i)
		})
	}
	start.Done()
	done.Wait()
}

// sameBooking compares what a store returns, with times to the microsecond.
func sameBooking(t testing.TB, got, want booking.Booking) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty(), cmpopts.EquateApproxTime(time.Microsecond)); diff != "" {
		t.Errorf("booking differs (-want +got):\n%s", diff)
	}
}

func isUTC(t time.Time) bool { return strings.HasSuffix(t.Format(time.RFC3339), "Z") }

// renewed is the same request from somebody else.
func renewed(r booking.NewBooking) booking.NewBooking {
	r.Booking.ID, r.Booking.Customer = newID(), somebody()
	return r
}
