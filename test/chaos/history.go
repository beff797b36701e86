package main

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/anishathalye/porcupine"
)

// kind is what a client asked.
type kind int

const (
	// book wants the slot; cancel frees it of the booking Key.
	book kind = iota
	cancel
	// get reads the booking Key, look reads who lives in the slot.
	get
	look
)

// asked is one request: porcupine's input. Key is the booking's own, made by the client that wants it: it is its
// idempotency key and is kept in its notes, so that a booking is known even if its maker was never answered.
type asked struct {
	Kind      kind
	Slot, Key string
}

// outcome is what a client learned.
type outcome int

const (
	unknown   outcome = iota // of a change: no answer, or one that says that nothing is known
	done                     // it took effect
	refused                  // of book: the slot is taken; of cancel: the booking does not live any more
	seenAlive                // of get
	seenDead
	seen // of look: Key lives in the slot; empty for nobody
)

// told is what a client was told: porcupine's output.
type told struct {
	Outcome outcome
	Key     string // of look
}

// forever is when a request returns whose outcome was never learned.
const forever = math.MaxInt64

var (
	kinds    = map[kind]string{book: "book", cancel: "cancel", get: "get", look: "look"}
	outcomes = map[outcome]string{
		unknown: "unknown", done: "done", refused: "refused", seenAlive: "it lives", seenDead: "it does not live", seen: "seen",
	}
)

// transcript writes a slot's history for people, in the order in which it was asked.
func transcript(slot []porcupine.Operation) string {
	slot = slices.SortedFunc(slices.Values(slot), func(a, b porcupine.Operation) int { return cmp.Compare(a.Call, b.Call) })
	text := &strings.Builder{}
	for _, op := range slot {
		in, out, until := op.Input.(asked), op.Output.(told), "never"
		if op.Return != forever {
			until = time.Duration(op.Return).Round(time.Microsecond).String()
		}
		line := []string{fmt.Sprintf("%14s … %-14s client %-2d", time.Duration(op.Call).Round(time.Microsecond), until, op.ClientId), kinds[in.Kind]}
		if in.Key != "" {
			line = append(line, in.Key)
		}
		line = append(line, "→", outcomes[out.Outcome])
		if out.Outcome == seen {
			line = append(line, cmp.Or(out.Key, "nobody"))
		}
		fmt.Fprintln(text, "   ", strings.Join(line, " "))
	}
	return text.String()
}

// history collects what all clients did. Times count from its start.
type history struct {
	began time.Time
	acked atomic.Int64 // acknowledged changes
	mu    sync.Mutex
	list  []porcupine.Operation
}

func newHistory() *history { return &history{began: time.Now()} }

func (h *history) now() int64 { return int64(time.Since(h.began)) }

// add records a request that was sent at called and has its outcome now.
func (h *history) add(client int, called int64, input asked, output told) {
	returned := h.now()
	if output.Outcome == unknown {
		returned = forever
	}
	if output.Outcome == done {
		h.acked.Add(1)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.list = append(h.list, porcupine.Operation{ClientId: client, Input: input, Call: called, Output: output, Return: returned})
}

// close records what lives in each slot after everything has ended, and returns the whole history. Requests that
// never returned end after that; had they any effect, it is in the final state.
func (h *history) close(final map[string]string) []porcupine.Operation {
	h.mu.Lock()
	defer h.mu.Unlock()
	slots := map[string]bool{}
	for _, op := range h.list {
		slots[op.Input.(asked).Slot] = true
	}
	for slot := range slots {
		now := h.now()
		h.list = append(h.list, porcupine.Operation{
			Input: asked{Kind: look, Slot: slot}, Call: now, Output: told{seen, final[slot]}, Return: now + 1,
		})
	}
	return h.list
}
