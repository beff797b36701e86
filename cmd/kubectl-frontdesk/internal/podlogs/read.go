package podlogs

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/kubernetes"
)

// maxLine bounds one line; what is longer ends the pod's stream with an error.
const maxLine = 1 << 20

// Source names pods and what to read of their logs.
type Source struct {
	Clients   kubernetes.Interface
	Namespace string
	Labels    map[string]string
	// Since and Tail bound what is read of each pod; 0 means no bound.
	Since time.Duration
	Tail  int64
	// Previous reads the containers before the last restart.
	Previous bool
	// MaxBytes bounds what is read of each pod; 0 means no bound.
	MaxBytes int64
}

func (s Source) options(follow bool) *corev1.PodLogOptions {
	options := &corev1.PodLogOptions{Timestamps: true, Follow: follow, Previous: s.Previous}
	if s.Since > 0 {
		seconds := int64(max(1, s.Since/time.Second))
		options.SinceSeconds = &seconds
	}
	if s.Tail > 0 {
		options.TailLines = &s.Tail
	}
	if s.MaxBytes > 0 {
		options.LimitBytes = &s.MaxBytes
	}
	return options
}

func (s Source) selector() metav1.ListOptions {
	return metav1.ListOptions{LabelSelector: labels.SelectorFromSet(s.Labels).String()}
}

// Pods lists the pods.
func (s Source) Pods(ctx context.Context) ([]corev1.Pod, error) {
	pods, err := s.Clients.CoreV1().Pods(s.Namespace).List(ctx, s.selector())
	if err != nil {
		return nil, fmt.Errorf("list pods: %w", err)
	}
	return pods.Items, nil
}

// All reads what there is, in the order of time. A pod whose log cannot be read is reported in the error;
// the lines of the others are returned all the same.
func (s Source) All(ctx context.Context) ([]Line, error) {
	pods, err := s.Pods(ctx)
	if err != nil {
		return nil, err
	}
	var lines []Line
	var failures []error
	for _, pod := range pods {
		err := s.read(ctx, pod.Name, s.options(false), func(line Line) { lines = append(lines, line) })
		if err != nil {
			failures = append(failures, err)
		}
	}
	slices.SortStableFunc(lines, func(a, b Line) int { return a.At.Compare(b.At) })
	return lines, errors.Join(failures...)
}

// Follow hands lines over as they come, of pods that appear later too, until the context ends. take is
// called by one goroutine at a time.
func (s Source) Follow(ctx context.Context, take func(Line)) error {
	var mutex sync.Mutex
	locked := func(line Line) {
		mutex.Lock()
		defer mutex.Unlock()
		take(line)
	}
	var streams sync.WaitGroup
	defer streams.Wait()
	followed := map[string]int32{}
	for ctx.Err() == nil {
		watch, err := s.Clients.CoreV1().Pods(s.Namespace).Watch(ctx, s.selector())
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("watch pods: %w", err)
		}
		for event := range watch.ResultChan() {
			pod, isPod := event.Object.(*corev1.Pod)
			if !isPod || !started(pod) {
				continue
			}
			key, starts := string(pod.UID), restarts(pod)
			before, known := followed[key]
			if known && before >= starts {
				continue
			}
			options := s.options(true)
			if known { // the container was restarted: all that the new one says is new
				options.SinceSeconds, options.TailLines = nil, nil
			}
			followed[key] = starts
			streams.Go(func() { _ = s.read(ctx, pod.Name, options, locked) })
		}
		watch.Stop()
	}
	return nil
}

func started(pod *corev1.Pod) bool {
	for _, status := range pod.Status.ContainerStatuses {
		if status.State.Running != nil || status.State.Terminated != nil {
			return true
		}
	}
	return false
}

func restarts(pod *corev1.Pod) int32 {
	var count int32
	for _, status := range pod.Status.ContainerStatuses {
		count += status.RestartCount
	}
	return count
}

func (s Source) read(ctx context.Context, pod string, options *corev1.PodLogOptions, take func(Line)) error {
	stream, err := s.Clients.CoreV1().Pods(s.Namespace).GetLogs(pod, options).Stream(ctx)
	if err != nil {
		if apierrors.IsBadRequest(err) {
			return fmt.Errorf("pod %s has no log yet: %w", pod, err)
		}
		return fmt.Errorf("read the log of pod %s: %w", pod, err)
	}
	defer func() { _ = stream.Close() }()
	scanner := bufio.NewScanner(stream)
	scanner.Buffer(nil, maxLine)
	for scanner.Scan() {
		take(parseLine(pod, scanner.Text()))
	}
	if err := scanner.Err(); err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("read the log of pod %s: %w", pod, err)
	}
	return nil
}
