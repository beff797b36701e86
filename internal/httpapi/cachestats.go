package httpapi

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/frontdesk-dev/frontdesk/internal/auth"
	"github.com/frontdesk-dev/frontdesk/internal/cache"
	"github.com/frontdesk-dev/frontdesk/internal/tenant"
)

// CacheStats are the figures of the cache of the replica that answers.
type CacheStats struct {
	CacheFigures
	Kinds []CacheKind `json:"kinds" doc:"Each kind of answer that was asked for since the replica started, by name."`
}

// CacheKind counts the questions for one kind of answer.
type CacheKind struct {
	Name    string `json:"name" doc:"What the answers are: slots, services, calendars, or figures of the dashboard." example:"slots"`
	Hits    int64  `json:"hits" doc:"Questions answered from the cache." example:"1150"`
	Misses  int64  `json:"misses" doc:"Questions that were not." example:"8800"`
	HitRate string `json:"hitRate" doc:"Hits among all questions." example:"11.56%"`
}

// CacheFigures are those of all kinds together.
type CacheFigures struct {
	Size        int    `json:"size" doc:"Answers that are kept." example:"12"`
	MaxSize     int    `json:"maxSize" doc:"How many are kept at most." example:"1000"`
	Hits        int64  `json:"hits" doc:"Questions answered from the cache." example:"1182"`
	Misses      int64  `json:"misses" doc:"Questions that were not." example:"8818"`
	Sets        int64  `json:"sets" doc:"Answers that were put in." example:"8818"`
	Deletes     int64  `json:"deletes" doc:"Answers that expired, were pushed out or were cleared." example:"8806"`
	HitRate     string `json:"hitRate" doc:"Hits among all questions." example:"11.82%"`
	MemoryUsage string `json:"memoryUsage" doc:"Memory of the answers kept." example:"0.42 MB"`
}

// LegacyCacheStats are the same in the shape of the earlier system.
type LegacyCacheStats struct {
	Success bool `json:"success" example:"true"`
	CacheFigures
}

// CacheCleared says that nothing is kept any more.
type CacheCleared struct {
	Cleared bool `json:"cleared" doc:"Always true." example:"true"`
}

func (a *api) registerCache() {
	register(a, operation{
		id: "get-cache-stats", method: http.MethodGet, path: "/api/v1/cache/stats", tag: tagService,
		summary:     "Read the cache's figures",
		description: "Figures of the replica that answers, since it started.",
		scope:       auth.ScopeAdmin, timeout: 5 * time.Second,
	}, func(ctx context.Context, _ *struct{}) (*output[CacheStats], error) {
		stats := tenant.FromContext(ctx).Cache.Stats()
		return succeed(CacheStats{CacheFigures: cacheFigures(stats), Kinds: cacheKinds(stats)}), nil
	})
	register(a, operation{
		id: "clear-cache", method: http.MethodPost, path: "/api/v1/cache/clear", tag: tagService,
		summary:     "Clear the cache",
		description: "Forgets every cached answer: with a Redis on all replicas, else on the one that answers. Nothing is lost; the next answers take longer.",
		scope:       auth.ScopeAdmin, timeout: 5 * time.Second,
	}, clearCache)
	register(a, operation{
		id: "get-cache-stats-legacy", method: http.MethodGet, path: "/api/cache/stats", tag: tagEarlier,
		summary:     "Read the cache's figures (earlier path)",
		description: "The same in the shape of the earlier system. Use /api/v1/cache/stats.",
		scope:       auth.ScopeAdmin, timeout: 5 * time.Second,
	}, func(ctx context.Context, _ *struct{}) (*struct{ Body LegacyCacheStats }, error) {
		return &struct{ Body LegacyCacheStats }{LegacyCacheStats{Success: true, CacheFigures: cacheFigures(tenant.FromContext(ctx).Cache.Stats())}}, nil
	})
}

func cacheFigures(stats cache.Stats) CacheFigures {
	return CacheFigures{
		Size: stats.Size, MaxSize: stats.MaxSize, Hits: stats.Hits, Misses: stats.Misses, Sets: stats.Sets, Deletes: stats.Deletes,
		HitRate: stats.HitRate(), MemoryUsage: fmt.Sprintf("%.2f MB", float64(stats.Bytes)/(1<<20)),
	}
}

func cacheKinds(stats cache.Stats) []CacheKind {
	kinds := make([]CacheKind, 0, len(stats.Kinds))
	for _, name := range slices.Sorted(maps.Keys(stats.Kinds)) {
		asked := stats.Kinds[name]
		kinds = append(kinds, CacheKind{Name: name, Hits: asked.Hits, Misses: asked.Misses, HitRate: asked.HitRate()})
	}
	return kinds
}

func clearCache(ctx context.Context, _ *struct{}) (*output[CacheCleared], error) {
	tenant.FromContext(ctx).Cache.Clear(ctx)
	return succeed(CacheCleared{Cleared: true}), nil
}
