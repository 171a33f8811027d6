package main

import (
	"bytes"
	"encoding/binary"
	"io"
	"os"
	"strings"
	"time"
)

// dsFile is a file on a datastore.  open gives its content as of now; locked
// ones have none to give.
type dsFile struct {
	name   string
	kind   string // as layoutEx says it
	disk   int    // -1: none of a disk
	size   int64
	locked bool
	open   func() (body io.ReaderAt, modified time.Time, done func())
}

const deltaSize = 1 << 20

// files lists the VM's files as a host has them in the VM's folder.
func (v *vm) files() []dsFile {
	files := []dsFile{v.textFile(v.dir+".vmx", "config", v.vmxText())}
	if v.spec.NVRAM != "" {
		if st, err := os.Stat(v.spec.NVRAM); err == nil {
			files = append(files, v.plainFile(v.dir+".nvram", "nvram", v.spec.NVRAM, st))
		}
	}
	files = append(files, v.textFile(v.dir+".vmsd", "snapshotList", v.vmsdText()))
	if v.on {
		files = append(files, dsFile{name: v.dir + ".vswp", kind: "swap", disk: -1,
			size: int64(v.spec.MemoryMB) << 20, locked: true})
	}
	for n, d := range v.disks {
		for i, path := range v.diskFiles(d) {
			files = append(files, v.linkFiles(n, d, i, path)...)
		}
	}
	v.eachSnapshot(func(s *snapshot) {
		files = append(files, v.bytesFile(s.file, "snapshotData", -1, s.created, make([]byte, 31000)))
	})
	return files
}

// diskFiles lists a disk's descriptors, base first: its chain, and those of
// snapshots that have left it.
func (v *vm) diskFiles(d *vmDisk) []string {
	all := append([]string(nil), d.chain...)
	v.eachSnapshot(func(s *snapshot) {
		f, ok := s.files[d]
		for i := 0; ok && i < len(f.chain); i++ {
			if !contains(all, f.chain[i]) {
				all = append(all, f.chain[i])
			}
		}
	})
	return all
}

func contains(list []string, s string) bool {
	for _, o := range list {
		if o == s {
			return true
		}
	}
	return false
}

// baseName is the last part of a path in datastore notation.
func baseName(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }

// extentName is the file that holds the data of a descriptor, "" if there is
// none: object stores keep them as objects, not as files.
func (v *vm) extentName(d *vmDisk, i int, path string) string {
	stem := strings.TrimSuffix(baseName(path), ".vmdk")
	switch {
	case i == 0 && d.spec.RDM == "physical":
		return stem + "-rdmp.vmdk"
	case i == 0 && d.spec.RDM != "":
		return stem + "-rdm.vmdk"
	case v.objectStore():
		return ""
	case i == 0:
		return stem + "-flat.vmdk"
	}
	return stem + "-sesparse.vmdk"
}

func (v *vm) objectStore() bool {
	t := strings.ToLower(v.at.ds.Summary.Type)
	return t == "vsan" || t == "vvol"
}

// linkFiles are descriptor and data of one link of a disk's chain.
func (v *vm) linkFiles(n int, d *vmDisk, i int, path string) []dsFile {
	text := v.textFile(baseName(path), "diskDescriptor", v.diskText(d, i, path))
	text.disk = n
	name := v.extentName(d, i, path)
	live := v.on && path == d.live()
	switch {
	case name == "":
		return []dsFile{text}
	case i == 0 && d.spec.RDM != "":
		return []dsFile{text, {name: name, kind: "diskExtent", disk: n, size: d.raw.size, locked: true}}
	case i == 0:
		return []dsFile{text, {name: name, kind: "diskExtent", disk: n, size: d.raw.size, locked: live,
			open: func() (io.ReaderAt, time.Time, func()) {
				z := v.baseContent(d)
				return z, z.mtime, z.release
			}}}
	}
	data := v.bytesFile(name, "diskExtent", n, v.changed, sesparse(d.raw.size))
	data.size, data.locked = deltaSize, live
	return []dsFile{text, data}
}

// baseContent is what the flat file holds: the live disk, or under snapshots
// what it was when the first of them was made.
func (v *vm) baseContent(d *vmDisk) *frozen {
	var z *frozen
	if len(d.chain) > 1 {
		z = d.left
		v.eachSnapshot(func(s *snapshot) {
			if f, ok := s.files[d]; ok && len(f.chain) == 1 {
				z = f.content
			}
		})
	}
	if z == nil {
		return d.raw.freeze()
	}
	return z.hold()
}

// keepBase remembers what the flat file holds when delta files stay behind
// without a snapshot that would know it; nil forgets it.
func (d *vmDisk) keepBase(z *frozen) {
	if d.left != nil {
		d.left.release()
	}
	d.left = z
}

func (v *vm) textFile(name, kind, text string) dsFile {
	return v.bytesFile(name, kind, -1, v.changed, []byte(text))
}

func (v *vm) bytesFile(name, kind string, disk int, modified time.Time, b []byte) dsFile {
	return dsFile{name: name, kind: kind, disk: disk, size: int64(len(b)),
		open: func() (io.ReaderAt, time.Time, func()) { return bytes.NewReader(b), modified, func() {} }}
}

// plainFile is one that lies on this machine's disk.
func (v *vm) plainFile(name, kind, file string, st os.FileInfo) dsFile {
	return dsFile{name: name, kind: kind, disk: -1, size: st.Size(),
		open: func() (io.ReaderAt, time.Time, func()) {
			f, err := os.Open(file)
			if err != nil {
				return bytes.NewReader(nil), st.ModTime(), func() {}
			}
			return f, st.ModTime(), func() { _ = f.Close() }
		}}
}

// sesparse is the head of a delta file; what the guest wrote is not in it.
func sesparse(size int64) []byte {
	head := make([]byte, sector)
	for i, n := range []uint64{0xcafebabe, 0x0000000200000001, uint64(size / sector), 8, 64} {
		binary.LittleEndian.PutUint64(head[8*i:], n)
	}
	return head
}
