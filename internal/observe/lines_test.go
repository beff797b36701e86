package observe_test

import (
	"bytes"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/observe"
)

// calls is an output that counts how often it is written to.
type calls struct {
	mu    sync.Mutex
	text  bytes.Buffer
	count int
}

func (c *calls) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.count++
	return c.text.Write(p)
}

func (c *calls) get() (text string, count int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.text.String(), c.count
}

func TestLinesAreGathered(t *testing.T) {
	t.Parallel()
	out := &calls{}
	lines := observe.GatherLines(out)
	defer lines.Flush()
	logger, err := observe.NewLogger(lines, observe.LogText)
	if err != nil {
		t.Fatal(err)
	}
	const many = 50
	for i := range many {
		logger.Info("n" + strconv.Itoa(i))
	}
	logger.With("a", 1).WithGroup("g").Warn("now")
	text, count := out.get()
	if count > many/2 || strings.Count(text, "\n") != many+1 || !strings.Contains(text, "msg=n49") || !strings.HasSuffix(text, "msg=now a=1\n") {
		t.Errorf("a warning is not written at once, after what came before it, in one piece: %d calls, %q", count, text)
	}
	logger.Info("later")
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		if text, _ := out.get(); strings.HasSuffix(text, "msg=later\n") {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("a line that is held is not written in time")
		}
	}
	lines.Flush()
	if _, again := out.get(); again > count+1 {
		t.Errorf("nothing is held, and it is written %d times", again-count)
	}
}

// TestManyLinesAreNotHeld: what is held is bounded, and no line is lost, torn or out of order.
func TestManyLinesAreNotHeld(t *testing.T) {
	t.Parallel()
	out := &calls{}
	lines := observe.GatherLines(out)
	var want strings.Builder
	for i := range 5000 {
		line := strconv.Itoa(i) + strings.Repeat("x", i%200) + "\n"
		want.WriteString(line)
		if n, err := lines.Write([]byte(line)); n != len(line) || err != nil {
			t.Fatal(n, err)
		}
	}
	if text, _ := out.get(); want.Len()-len(text) > 32<<10 {
		t.Errorf("%d bytes are held", want.Len()-len(text))
	}
	lines.Flush()
	if text, count := out.get(); text != want.String() || count > 50 {
		t.Errorf("%d bytes in %d calls, want %d", len(text), count, want.Len())
	}
}
