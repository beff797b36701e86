package cgroup

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseMounts(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, mountinfo string
		want            []string
	}{
		{
			name: "version 2",
			mountinfo: "24 1 8:1 / / rw shared:1 - ext4 /dev/sda1 rw\n" +
				"31 24 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n",
			want: []string{"/sys/fs/cgroup"},
		},
		{
			name: "version 1 with the unified hierarchy beside it",
			mountinfo: "30 24 0:25 / /sys/fs/cgroup ro - tmpfs tmpfs ro,mode=755\n" +
				"31 30 0:26 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n" +
				"32 30 0:27 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n" +
				"33 30 0:28 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n",
			want: []string{"/sys/fs/cgroup/unified", "/sys/fs/cgroup/cpu,cpuacct", "/sys/fs/cgroup/memory"},
		},
		{name: "none", mountinfo: "24 1 8:1 / / rw shared:1 - ext4 /dev/sda1 rw\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, parseMounts([]byte(tt.mountinfo))); diff != "" {
				t.Errorf("mounts differ (-want +got):\n%s", diff)
			}
		})
	}
}
