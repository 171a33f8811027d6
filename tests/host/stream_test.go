package main

import (
	"bytes"
	"encoding/binary"
	"math/rand"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// rawDisk makes a sparse file with noise at the given blocks.
func rawDisk(t *testing.T, size int64, blocks ...int64) *disk {
	t.Helper()
	file := filepath.Join(t.TempDir(), "raw")
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.Truncate(size); err != nil {
		t.Fatal(err)
	}
	rnd := rand.New(rand.NewSource(size))
	for _, b := range blocks {
		n := size - b*block
		if n > block {
			n = block
		}
		p := make([]byte, n)
		rnd.Read(p)
		if _, err := f.WriteAt(p, b*block); err != nil {
			t.Fatal(err)
		}
	}
	d, err := openDisk(file)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func makeStream(t *testing.T, c content, size int64) []byte {
	t.Helper()
	var b bytes.Buffer
	info := streamInfo{size: size, cid: 0x12345678, contentID: "0123456789abcdef0123456789abcdef", adapter: "lsilogic", hw: "19"}
	if _, err := writeStream(&b, c, &info); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// sameAsRaw has qemu-img read the stream back.
func sameAsRaw(t *testing.T, stream []byte, raw string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "stream.vmdk")
	if err := os.WriteFile(file, stream, 0o644); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("qemu-img", "convert", "-f", "vmdk", "-O", "raw", file, file+".raw").CombinedOutput()
	if err != nil {
		t.Fatalf("convert: %v: %s", err, out)
	}
	out, err = exec.Command("qemu-img", "compare", "-f", "raw", "-F", "raw", file+".raw", raw).CombinedOutput()
	if err != nil {
		t.Errorf("compare: %v: %s", err, out)
	}
}

func TestStreamHoldsTheDisk(t *testing.T) {
	for name, d := range map[string]*disk{
		"one grain":      rawDisk(t, 1<<20, 0),
		"short end":      rawDisk(t, 10<<20+1536, 0, 3, 160),
		"several tables": rawDisk(t, 200<<20, 0, 511, 512, 1024, 3199),
		"long holes":     rawDisk(t, 4<<30, 1, 40000, 65535),
	} {
		t.Run(name, func(t *testing.T) { sameAsRaw(t, makeStream(t, d.freeze(), d.size), d.path) })
	}
}

// A disk without data up to 4 GiB is 133 sectors, as VMware writes it.
func TestEmptyStreamSize(t *testing.T) {
	d := rawDisk(t, 16<<20)
	s := makeStream(t, d.freeze(), d.size)
	if len(s) != 68096 {
		t.Errorf("%d bytes instead of 68096", len(s))
	}
}

// walkMarkers goes through a stream once and counts what it meets.
func walkMarkers(t *testing.T, s []byte) map[uint32]int {
	t.Helper()
	le := binary.LittleEndian
	seen := make(map[uint32]int)
	last := int64(-1)
	for at := overhead * sector; ; {
		size := le.Uint32(s[at+8:])
		if size != 0 {
			lba := int64(le.Uint64(s[at:]))
			if lba <= last || lba%grainSectors != 0 {
				t.Fatalf("grain of sector %d after %d", lba, last)
			}
			last = lba
			seen[99]++
			at += (12 + int(size) + sector - 1) / sector * sector
			continue
		}
		kind := le.Uint32(s[at+12:])
		seen[kind]++
		at += sector + int(le.Uint64(s[at:]))*sector
		if kind == markerEOS {
			if at != len(s) {
				t.Fatalf("%d bytes after the end", len(s)-at)
			}
			return seen
		}
	}
}

func TestStreamLayout(t *testing.T) {
	d := rawDisk(t, 4<<30, 1, 600, 65535)
	s := makeStream(t, d.freeze(), d.size)
	seen := walkMarkers(t, s)
	want := map[uint32]int{99: 3, markerGT: 3, markerGD: 1, markerFooter: 1, markerEOS: 1, markerNote: 12}
	for kind, n := range want {
		if seen[kind] != n {
			t.Errorf("%d markers of kind %d instead of %d", seen[kind], kind, n)
		}
	}
	le := binary.LittleEndian
	foot := s[len(s)-2*sector:]
	if le.Uint64(s[56:]) != gdAtEnd || le.Uint64(foot[56:]) == gdAtEnd {
		t.Error("the directory's place belongs into the footer only")
	}
	if !bytes.Equal(s[:56], foot[:56]) || le.Uint32(s[8:]) != 0x30001 || le.Uint32(s[4:]) != 3 {
		t.Error("header and footer differ, or are not VMware's")
	}
}

func TestSnapshotKeepsOldContent(t *testing.T) {
	d := rawDisk(t, 4<<20, 0, 5)
	before, err := os.ReadFile(d.path)
	if err != nil {
		t.Fatal(err)
	}
	old := filepath.Join(t.TempDir(), "old")
	if err := os.WriteFile(old, before, 0o644); err != nil {
		t.Fatal(err)
	}
	z := d.freeze()
	for _, off := range []int64{100, 5*block - 7, 40 * block} {
		if err := d.writeAt(bytes.Repeat([]byte("guest"), 30), off); err != nil {
			t.Fatal(err)
		}
	}
	sameAsRaw(t, makeStream(t, z, d.size), old)
	fresh := d.freeze()
	if fresh == z {
		t.Fatal("a write did not make new content")
	}
	sameAsRaw(t, makeStream(t, fresh, d.size), d.path)
	z.release()
	if len(d.frozen) != 1 {
		t.Errorf("%d contents kept instead of one", len(d.frozen))
	}
	if err := d.writeAt([]byte("x"), d.size); err == nil {
		t.Error("a write beyond the end went well")
	}
}
