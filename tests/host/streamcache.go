package main

import (
	"crypto/sha1"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
)

// streamCache makes the stream of a disk's content once and keeps it as a
// file, so that serving costs no compression.
type streamCache struct {
	mu  sync.Mutex
	dir string
	all map[string]*stream
}

// stream is a file that is being written or complete.  Readers follow the
// writer.
type stream struct {
	mu        sync.Mutex
	grown     *sync.Cond
	file      string
	size      int64 // bytes there so far
	done      bool
	err       error
	populated int64
	sums      digests
}

// digests are what a manifest holds.
type digests struct{ sha1, sha256 string }

func newStreamCache(dir string) *streamCache {
	return &streamCache{dir: dir, all: make(map[string]*stream)}
}

// get starts making the stream unless that was done before.
func (sc *streamCache) get(z *frozen, how string, info streamInfo) *stream {
	sc.mu.Lock()
	defer sc.mu.Unlock()
	key := nameUUID(z.d.path, fmt.Sprint(z.gen), how)
	if s, ok := sc.all[key]; ok {
		return s
	}
	s := &stream{file: filepath.Join(sc.dir, key+".vmdk")}
	s.grown = sync.NewCond(&s.mu)
	sc.all[key] = s
	z = z.hold()
	go func() {
		defer z.release()
		s.finish(s.make(z, how, info))
	}()
	return s
}

func (s *stream) make(z *frozen, how string, info streamInfo) (int64, error) {
	f, err := os.Create(s.file)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	if how == "qemu" {
		return s.makeQemu(z, f)
	}
	sum := newSummer(f, s)
	populated, err := writeStream(sum, z, &info)
	sum.close()
	return populated, err
}

// makeQemu has qemu-img make the stream: another layout that is legal too.
func (s *stream) makeQemu(z *frozen, f *os.File) (int64, error) {
	raw := s.file + ".raw"
	defer os.Remove(raw)
	if err := z.copyTo(raw); err != nil {
		return 0, err
	}
	tmp := s.file + ".qemu"
	defer os.Remove(tmp)
	out, err := exec.Command("qemu-img", "convert", "-f", "raw", "-O", "vmdk",
		"-o", "subformat=streamOptimized", raw, tmp).CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("qemu-img: %v: %s", err, out)
	}
	in, err := os.Open(tmp)
	if err != nil {
		return 0, err
	}
	defer in.Close()
	sum := newSummer(f, s)
	defer sum.close()
	_, err = io.Copy(struct{ io.Writer }{sum}, in)
	return z.d.allocated(), err
}

func (s *stream) finish(populated int64, err error) {
	s.mu.Lock()
	s.done, s.err, s.populated = true, err, populated
	s.mu.Unlock()
	s.grown.Broadcast()
}

func (s *stream) grow(n int, sums *digests) {
	s.mu.Lock()
	s.size += int64(n)
	if sums != nil {
		s.sums = *sums
	}
	s.mu.Unlock()
	s.grown.Broadcast()
}

// wait blocks until there are bytes after off; 0 means the end.
func (s *stream) wait(off int64) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.size <= off && !s.done {
		s.grown.Wait()
	}
	return s.size - off, s.err
}

// whole waits for the end and gives what is known then.
func (s *stream) whole() (size, populated int64, sums digests) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for !s.done {
		s.grown.Wait()
	}
	return s.size, s.populated, s.sums
}

// summer writes in large pieces and hashes beside the writing.
type summer struct {
	f    *os.File
	s    *stream
	buf  []byte
	one  hash.Hash
	two  hash.Hash
	errs error
}

func newSummer(f *os.File, s *stream) *summer {
	return &summer{f: f, s: s, one: sha1.New(), two: sha256.New(), buf: make([]byte, 0, 1<<20)}
}

func (m *summer) Write(p []byte) (int, error) {
	m.buf = append(m.buf, p...)
	if len(m.buf) >= 1<<19 {
		m.flush(nil)
	}
	return len(p), m.errs
}

func (m *summer) flush(sums *digests) {
	if _, err := m.f.Write(m.buf); err != nil && m.errs == nil {
		m.errs = err
	}
	var wg sync.WaitGroup
	wg.Add(1)
	go func() { m.one.Write(m.buf); wg.Done() }()
	m.two.Write(m.buf)
	wg.Wait()
	n := len(m.buf)
	m.buf = m.buf[:0]
	if sums != nil {
		sums.sha1 = hex.EncodeToString(m.one.Sum(nil))
		sums.sha256 = hex.EncodeToString(m.two.Sum(nil))
	}
	m.s.grow(n, sums)
}

func (m *summer) close() { m.flush(&digests{}) }

// prefixSums hashes the first n bytes of a file: what a cut transfer sent.
func prefixSums(file string, n int64) (digests, error) {
	f, err := os.Open(file)
	if err != nil {
		return digests{}, err
	}
	defer f.Close()
	one, two := sha1.New(), sha256.New()
	_, err = io.Copy(io.MultiWriter(one, two), io.LimitReader(f, n))
	return digests{hex.EncodeToString(one.Sum(nil)), hex.EncodeToString(two.Sum(nil))}, err
}

// contentCID makes a disk's content id out of what it depends on.
func contentCID(uuid string, gen int) uint32 {
	sum := sha1.Sum([]byte(fmt.Sprintf("%s/%d", uuid, gen)))
	cid := binary.LittleEndian.Uint32(sum[:])
	if cid == 0 || cid >= 0xfffffffe {
		cid = 0x1d1d1d1d
	}
	return cid
}
