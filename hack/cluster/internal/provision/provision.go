package provision

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/workqueue"
)

// Name is the provisioner that the default StorageClass names.
const Name = "frontdesk.dev/host-path"

// Annotations of the protocol between Kubernetes and provisioners.
const (
	annProvisioner   = "volume.kubernetes.io/storage-provisioner"
	annSelectedNode  = "volume.kubernetes.io/selected-node"
	annProvisionedBy = "pv.kubernetes.io/provisioned-by"
)

// Provisioner keeps volumes in step with claims.
type Provisioner struct {
	client kubernetes.Interface
	// root is where volumes' directories are.
	root string
	log  *slog.Logger

	claims  cache.SharedIndexInformer
	volumes cache.SharedIndexInformer
	queue   workqueue.TypedRateLimitingInterface[item]
}

// item is a claim (namespace/name) or a volume (name) to look at.
type item struct {
	volume bool
	key    string
}

// New returns a provisioner that keeps data under root.
func New(client kubernetes.Interface, root string, log *slog.Logger) *Provisioner {
	factory := informers.NewSharedInformerFactory(client, 0)
	p := &Provisioner{
		client: client, root: root, log: log,
		claims:  factory.Core().V1().PersistentVolumeClaims().Informer(),
		volumes: factory.Core().V1().PersistentVolumes().Informer(),
		queue: workqueue.NewTypedRateLimitingQueue(
			workqueue.NewTypedItemExponentialFailureRateLimiter[item](50*time.Millisecond, 5*time.Second)),
	}
	for informer, isVolume := range map[cache.SharedIndexInformer]bool{p.claims: false, p.volumes: true} {
		enqueue := func(obj any) {
			if key, err := cache.DeletionHandlingMetaNamespaceKeyFunc(obj); err == nil {
				p.queue.Add(item{volume: isVolume, key: key})
			}
		}
		// The error means a stopped informer; these have not begun.
		_, _ = informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
			AddFunc: enqueue, UpdateFunc: func(_, obj any) { enqueue(obj) },
		})
	}
	return p
}

// Run works until ctx ends.
func (p *Provisioner) Run(ctx context.Context) {
	go p.claims.Run(ctx.Done())
	go p.volumes.Run(ctx.Done())
	if !cache.WaitForCacheSync(ctx.Done(), p.claims.HasSynced, p.volumes.HasSynced) {
		return
	}
	go func() {
		<-ctx.Done()
		p.queue.ShutDown()
	}()
	for {
		it, stopped := p.queue.Get()
		if stopped {
			return
		}
		if err := p.handle(ctx, it); err != nil && ctx.Err() == nil {
			p.log.Warn("Volume not handled; will try again", "key", it.key, "error", err)
			p.queue.AddRateLimited(it)
		} else {
			p.queue.Forget(it)
		}
		p.queue.Done(it)
	}
}

func (p *Provisioner) handle(ctx context.Context, it item) error {
	informer := p.claims
	if it.volume {
		informer = p.volumes
	}
	obj, exists, err := informer.GetStore().GetByKey(it.key)
	if err != nil || !exists {
		return err
	}
	if it.volume {
		return p.reclaim(ctx, obj.(*corev1.PersistentVolume))
	}
	return p.provision(ctx, obj.(*corev1.PersistentVolumeClaim))
}

// provision makes the volume of a claim that waits for one of ours.
func (p *Provisioner) provision(ctx context.Context, claim *corev1.PersistentVolumeClaim) error {
	node := claim.Annotations[annSelectedNode]
	if claim.Annotations[annProvisioner] != Name || node == "" || claim.Spec.VolumeName != "" || claim.DeletionTimestamp != nil {
		return nil
	}
	volume := volumeFor(claim, node, p.root)
	dir := volume.Spec.HostPath.Path
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return fmt.Errorf("create volume: %w", err)
	}
	// Pods run under any user, and Kubernetes gives no group to host paths.
	if err := os.Chmod(dir, 0o777); err != nil {
		return fmt.Errorf("create volume: %w", err)
	}
	_, err := p.client.CoreV1().PersistentVolumes().Create(ctx, volume, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("create volume %s: %w", volume.Name, err)
	}
	return nil
}

// reclaim removes a volume of ours, and its data, once its claim is gone.
func (p *Provisioner) reclaim(ctx context.Context, volume *corev1.PersistentVolume) error {
	if volume.Annotations[annProvisionedBy] != Name || volume.Status.Phase != corev1.VolumeReleased ||
		volume.Spec.PersistentVolumeReclaimPolicy != corev1.PersistentVolumeReclaimDelete {
		return nil
	}
	if err := os.RemoveAll(filepath.Join(p.root, volume.Name)); err != nil {
		return fmt.Errorf("remove volume's data: %w", err)
	}
	err := p.client.CoreV1().PersistentVolumes().Delete(ctx, volume.Name, metav1.DeleteOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("remove volume %s: %w", volume.Name, err)
	}
	return nil
}

// volumeFor is the volume of a claim. Its name is fixed by the claim's UID, so
// that trying again cannot make two.
func volumeFor(claim *corev1.PersistentVolumeClaim, node, root string) *corev1.PersistentVolume {
	name := "pvc-" + string(claim.UID)
	return &corev1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{Name: name, Annotations: map[string]string{annProvisionedBy: Name}},
		Spec: corev1.PersistentVolumeSpec{
			AccessModes:                   claim.Spec.AccessModes,
			Capacity:                      corev1.ResourceList{corev1.ResourceStorage: claim.Spec.Resources.Requests[corev1.ResourceStorage]},
			PersistentVolumeReclaimPolicy: corev1.PersistentVolumeReclaimDelete,
			StorageClassName:              *claim.Spec.StorageClassName,
			VolumeMode:                    claim.Spec.VolumeMode,
			PersistentVolumeSource: corev1.PersistentVolumeSource{
				HostPath: &corev1.HostPathVolumeSource{Path: filepath.Join(root, name)},
			},
			ClaimRef: &corev1.ObjectReference{
				APIVersion: "v1", Kind: "PersistentVolumeClaim", Namespace: claim.Namespace, Name: claim.Name, UID: claim.UID,
			},
			NodeAffinity: &corev1.VolumeNodeAffinity{Required: &corev1.NodeSelector{
				NodeSelectorTerms: []corev1.NodeSelectorTerm{{MatchExpressions: []corev1.NodeSelectorRequirement{{
					Key: corev1.LabelHostname, Operator: corev1.NodeSelectorOpIn, Values: []string{node},
				}}}},
			}},
		},
	}
}
