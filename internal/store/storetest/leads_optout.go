package storetest

import (
	"github.com/frontdesk-dev/frontdesk/internal/booking"
	"github.com/frontdesk-dev/frontdesk/internal/lead"
)

func (f *leadFixture) optOut(phone string) (lead.OptOut, bool) {
	f.Helper()
	o, added, err := f.leads.OptOut(f.Context(), lead.NewOptOut{Phone: phone, Reason: "STOP", Actor: booking.Actor{Principal: "customer", Channel: "sms"}})
	if err != nil {
		f.Fatalf("OptOut: %v", err)
	}
	return o, added
}

func testOptOut(f *leadFixture) {
	p := f.create(draft())
	if f.optedOut(p.Phone) {
		f.Fatal("opted out from the start")
	}
	first, added := f.optOut(p.Phone)
	again, addedAgain := f.optOut(p.Phone)
	if !added || addedAgain || first != again || first.Phone != p.Phone || first.Reason != "STOP" || first.Channel != "sms" || first.Actor != "customer" || !isUTC(first.CreatedAt) {
		f.Errorf("first %+v (%v), again %+v (%v)", first, added, again, addedAgain)
	}
	if !f.optedOut(p.Phone) || f.person(p.ID).Status != lead.StatusOptedOut {
		f.Error("the opt-out has no effect")
	}
	f.bookFor(p.Phone, 9, nil) // may still book, and is still not to be contacted
	if f.person(p.ID).Status != lead.StatusOptedOut {
		f.Error("a booking undid the opt-out")
	}
	removed, err := f.leads.OptIn(f.Context(), p.Phone, owner)
	if err != nil || !removed || f.optedOut(p.Phone) {
		f.Fatalf("OptIn = %v, %v", removed, err)
	}
	if got := f.person(p.ID).Status; got != lead.StatusBooked {
		f.Errorf("with an appointment the status is %q", got)
	}
	if removed, err := f.leads.OptIn(f.Context(), p.Phone, owner); err != nil || removed {
		f.Errorf("opting in twice = %v, %v", removed, err)
	}
	race(16, func(int) {
		if _, _, err := f.leads.OptOut(f.Context(), lead.NewOptOut{Phone: p.Phone, Actor: owner}); err != nil {
			f.Error(err)
		}
	})
	list, err := f.leads.OptOuts(f.Context(), "", 10)
	if err != nil || len(list) != 1 {
		f.Errorf("%d entries, %v", len(list), err)
	}
}

func testOptOutOfUnknownNumber(f *leadFixture) {
	var phones []string
	for range 5 {
		phone := newNumber()
		phones = append([]string{phone}, phones...)
		f.optOut(phone)
	}
	var listed []string
	for after := ""; ; {
		page, err := f.leads.OptOuts(f.Context(), after, 2)
		if err != nil {
			f.Fatal(err)
		}
		for _, o := range page {
			listed = append(listed, o.Phone)
		}
		if len(page) < 2 {
			break
		}
		after = page[1].ID
	}
	for i := range phones {
		if len(listed) != 5 || listed[i] != phones[i] {
			f.Fatalf("listed %v; want %v", listed, phones)
		}
	}
	if people := f.list(lead.Filter{}); len(people) != 0 {
		f.Errorf("an opt-out made a person: %+v", people)
	}
	if p := f.create(lead.Draft{Phone: phones[0]}); p.Status != lead.StatusOptedOut {
		f.Errorf("somebody who opted out is created as %q", p.Status)
	}
	changed, err := f.change(f.create(draft()).ID, func(p *lead.Person) { p.Phone = phones[1] })
	if err != nil || changed.Status != lead.StatusOptedOut {
		f.Errorf("who gets an opted-out number is %q, %v", changed.Status, err)
	}
}

func testOptOutSurvivesErasure(f *leadFixture) {
	p := f.create(draft())
	f.optOut(p.Phone)
	if err := f.leads.Erase(f.Context(), p.ID, owner); err != nil {
		f.Fatal(err)
	}
	if !f.optedOut(p.Phone) {
		f.Fatal("the opt-out was erased with the person")
	}
	if count, err := f.leads.CountOptOuts(f.Context()); err != nil || count != 1 {
		f.Errorf("%d opt-outs are counted, %v; want that of the erased person too", count, err)
	}
	list, err := f.leads.OptOuts(f.Context(), "", 10)
	if err != nil || len(list) != 1 || list[0].Phone != "" || list[0].Reason != "" {
		f.Errorf("the registry still knows the number: %+v, %v", list, err)
	}
	counts, _, err := f.leads.Import(f.Context(), lead.Import{Batches: batches(lead.Draft{Phone: p.Phone}), Actor: owner})
	if err != nil || counts != (lead.Counts{OptedOut: 1}) {
		f.Errorf("importing the number again: %+v, %v", counts, err)
	}
	// Another server on the same database, started later, knows it too.
	f.makeWay()
	if later := Leads(f, open(f, f.engine, f.location)); true {
		found, err := later.OptedOut(f.Context(), []string{p.Phone})
		if err != nil || len(found) != 1 {
			f.Errorf("another server: %v, %v", found, err)
		}
	}
}

func testOptOutByStatus(f *leadFixture) {
	p := f.create(draft())
	if _, err := f.change(p.ID, func(p *lead.Person) { p.Status = lead.StatusOptedOut }); err != nil {
		f.Fatal(err)
	}
	created := f.create(lead.Draft{Phone: newNumber(), Status: lead.StatusOptedOut})
	known := f.create(draft())
	imported := newNumber()
	if _, _, err := f.leads.Import(f.Context(), lead.Import{Actor: owner, Batches: batches(
		lead.Draft{Phone: imported, Status: lead.StatusOptedOut}, lead.Draft{Phone: known.Phone, Status: lead.StatusOptedOut})}); err != nil {
		f.Fatal(err)
	}
	for name, phone := range map[string]string{"changed": p.Phone, "created": created.Phone, "imported": imported, "imported again": known.Phone} {
		if !f.optedOut(phone) {
			f.Errorf("%s: the status did not reach the registry", name)
		}
		if found := f.list(lead.Filter{Phone: phone}); len(found) != 1 || found[0].Status != lead.StatusOptedOut {
			f.Errorf("%s: %+v", name, found)
		}
	}
	if removed, err := f.leads.OptIn(f.Context(), p.Phone, owner); err != nil || !removed || f.person(p.ID).Status != lead.StatusContacted {
		f.Errorf("OptIn = %v, %v", removed, err)
	}
}

func testOptOutIsMerged(f *leadFixture) {
	a, b := f.create(draft()), f.create(draft())
	f.optOut(b.Phone)
	p, _, err := f.leads.Merge(f.Context(), lead.Merging{ID: a.ID, OtherID: b.ID, Actor: owner})
	if err != nil || p.Status != lead.StatusOptedOut {
		f.Fatalf("%q, %v", p.Status, err)
	}
	if !f.optedOut(a.Phone) || !f.optedOut(b.Phone) {
		f.Error("the person opted out and can still be called on another number")
	}
	if _, err := f.leads.OptIn(f.Context(), a.Phone, owner); err != nil {
		f.Fatal(err)
	}
	if got := f.person(a.ID).Status; got != lead.StatusOptedOut {
		f.Errorf("with one number still opted out the status is %q", got)
	}
	if _, err := f.leads.OptIn(f.Context(), b.Phone, owner); err != nil {
		f.Fatal(err)
	}
	if got := f.person(a.ID).Status; got != lead.StatusContacted {
		f.Errorf("with both numbers back the status is %q", got)
	}
}
