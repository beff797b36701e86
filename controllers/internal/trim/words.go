package trim

import "sync"

const (
	// generation is how many words are known before the oldest are forgotten. The words of a status are some two hundred.
	generation = 1024
	// longestWord, in bytes: what is longer is seldom the same in two objects.
	longestWord = 256
)

// words gives equal strings one memory. It knows the last one to two generations of different ones, which is bounded,
// whatever comes: a word that many objects have is never among those that are forgotten. Package unique would forget a
// word as soon as nobody holds its Handle, and objects have room for strings only.
type words struct {
	mu             sync.Mutex
	recent, former map[string]string
}

// of returns a string that is equal to text.
func (w *words) of(text string) string {
	if text == "" || len(text) > longestWord {
		return text
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if known, found := w.recent[text]; found {
		return known
	}
	if known, found := w.former[text]; found {
		text = known
	}
	if w.recent == nil || len(w.recent) >= generation {
		w.recent, w.former = make(map[string]string, generation), w.recent
	}
	w.recent[text] = text
	return text
}
