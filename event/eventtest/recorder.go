package eventtest

import "sync"

// Recorder counts the runs of callbacks for [Run], and makes some of them fail.
// Every callback calls [Recorder.Ran]. The zero value is ready. A Recorder
// is safe for concurrent use, but only one Run at a time may use it.
type Recorder struct {
	mu   sync.Mutex
	runs int
	then func() error // what Ran does next; nil is nothing
}

// Ran is called by each callback, or by what it calls, when the work is done. The
// callback returns Ran's error, which is nil except where [Run] makes a callback
// fail.
func (r *Recorder) Ran() error {
	r.mu.Lock()
	r.runs++
	then := r.then
	r.mu.Unlock()
	if then == nil {
		return nil
	}
	return then()
}

// count is how often Ran was called.
func (r *Recorder) count() int {
	if r == nil {
		return 0
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.runs
}

// let makes Ran do something, until it is called with nil.
func (r *Recorder) let(then func() error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.then = then
}

// hold makes callbacks wait until release is called, and tell on begun that
// they have begun.
func (r *Recorder) hold() (begun <-chan struct{}, release func()) {
	started, held := make(chan struct{}, 16), make(chan struct{})
	r.let(func() error {
		started <- struct{}{}
		<-held
		return nil
	})
	return started, sync.OnceFunc(func() {
		r.let(nil)
		close(held)
	})
}
