// Program recipes works through go-zookeeper's calls, against one server.
//
// It is called with two addresses of the server: one that a cable leads to, which the caller pulls when told to (a line "fault cut",
// "fault isolate" or "fault heal" on stdout), and one that always works. Each check says "ok NAME" or "not ok NAME: REASON".
package main

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"sort"
	"sync"
	"time"

	"github.com/go-zookeeper/zk"
)

const (
	root = "/go"
	wait = 20 * time.Second
)

var (
	cable, direct = os.Args[1], os.Args[2]
	open          = zk.WorldACL(zk.PermAll)
)

// failure ends a check with its reason.
type failure struct{ error }

func must[T any](value T, err error) T {
	ok(err)
	return value
}

func must2[A, B any](a A, b B, err error) (A, B) {
	ok(err)
	return a, b
}

func ok(err error) {
	if err != nil {
		panic(failure{err})
	}
}

func same(what string, got, want any) {
	if !reflect.DeepEqual(got, want) {
		panic(failure{fmt.Errorf("%s: %v, not %v", what, got, want)})
	}
}

func fails(what string, got, want error) {
	if !errors.Is(got, want) {
		panic(failure{fmt.Errorf("%s: %v, not %v", what, got, want)})
	}
}

// connect returns a connection with a session, and its events.
func connect(address string, timeout time.Duration) (*zk.Conn, <-chan zk.Event) {
	conn, events := must2(zk.Connect([]string{address}, timeout, zk.WithLogger(silence{}), zk.WithLogInfo(false)))
	state(events, zk.StateHasSession)
	return conn, events
}

type silence struct{}

func (silence) Printf(string, ...any) {}

// state waits until a session reaches a state.
func state(events <-chan zk.Event, wanted zk.State) {
	timeout := time.After(wait)
	for {
		select {
		case event := <-events:
			if event.State == wanted {
				return
			}
		case <-timeout:
			panic(failure{fmt.Errorf("waited in vain for %v", wanted)})
		}
	}
}

// event waits for the one event of a watch.
func event(watch <-chan zk.Event, kind zk.EventType, path string) {
	select {
	case seen := <-watch:
		same("event", fmt.Sprint(seen.Type, seen.Path, seen.Err), fmt.Sprint(kind, path, nil))
	case <-time.After(wait):
		panic(failure{fmt.Errorf("no %v of %s", kind, path)})
	}
}

func children(conn *zk.Conn, path string) []string {
	names, _, err := conn.Children(path)
	ok(err)
	sort.Strings(names)
	return names
}

func everyMode(a, b *zk.Conn, path string) {
	same("path", must(a.Create(path, []byte("one"), 0, open)), path)
	same("sequential", must(a.Create(path+"/n-", nil, zk.FlagSequence, open)), path+"/n-0000000000")
	same("both", must(a.Create(path+"/n-", nil, zk.FlagSequence|zk.FlagEphemeral, open)), path+"/n-0000000001")
	same("ephemeral", must(a.Create(path+"/e", nil, zk.FlagEphemeral, open)), path+"/e")
	same("container", must(a.CreateContainer(path+"/c", nil, zk.FlagContainer, open)), path+"/c")
	same("TTL", must(a.CreateTTL(path+"/t", nil, zk.FlagTTL, open, time.Minute)), path+"/t")
	must(a.CreateProtectedEphemeralSequential(path+"/p-", nil, open))
	_, stat := must2(b.Get(path + "/e"))
	same("owner", stat.EphemeralOwner, a.SessionID())
	_, err := b.Create(path+"/e/x", nil, 0, open)
	fails("child of an ephemeral", err, zk.ErrNoChildrenForEphemerals)
	same("children", len(children(b, path)), 6)
}

func dataAndErrors(a, b *zk.Conn, path string) {
	must(a.Create(path, []byte("one"), 0, open))
	data, stat := must2(b.Get(path))
	same("data", string(data), "one")
	same("zxids", stat.Czxid, stat.Mzxid)
	same("version", must(b.Set(path, []byte("two"), 0)).Version, int32(1))
	_, err := b.Set(path, nil, 0)
	fails("old version", err, zk.ErrBadVersion)
	_, err = b.Create(path, nil, 0, open)
	fails("twice", err, zk.ErrNodeExists)
	_, _, err = b.Get(path + "/none")
	fails("none", err, zk.ErrNoNode)
	must(a.Create(path+"/child", nil, 0, open))
	fails("with a child", b.Delete(path, -1), zk.ErrNotEmpty)
	fails("wrong version", b.Delete(path+"/child", 5), zk.ErrBadVersion)
	ok(b.Delete(path+"/child", 0))
	found, _ := must2(a.Exists(path + "/child"))
	same("exists", found, false)
	same("sync", must(a.Sync(path)), path)
}

func transactions(a, b *zk.Conn, path string) {
	results := must(a.Multi(
		&zk.CreateRequest{Path: path, Data: []byte("x"), Acl: open},
		&zk.CreateRequest{Path: path + "/n-", Acl: open, Flags: zk.FlagSequence},
		&zk.SetDataRequest{Path: path, Data: []byte("y"), Version: 0},
		&zk.CheckVersionRequest{Path: path, Version: 1},
	))
	same("created", []string{results[0].String, results[1].String}, []string{path, path + "/n-0000000000"})
	same("version", results[2].Stat.Version, int32(1))
	results, err := b.Multi(
		&zk.CreateRequest{Path: path + "/no", Acl: open},
		&zk.CheckVersionRequest{Path: path, Version: 7},
		&zk.DeleteRequest{Path: path + "/n-0000000000", Version: -1},
	)
	fails("whole", err, zk.ErrBadVersion)
	fails("second", results[1].Error, zk.ErrBadVersion)
	same("untouched", children(a, path), []string{"n-0000000000"})
}

func permissions(a, b *zk.Conn, path string) {
	acl := append(zk.DigestACL(zk.PermAll, "joe", "secret"), zk.WorldACL(zk.PermRead)...)
	must(a.Create(path, nil, 0, acl))
	must2(b.Get(path))
	_, err := b.Set(path, nil, -1)
	fails("set", err, zk.ErrNoAuth)
	_, err = b.Create(path+"/x", nil, 0, open)
	fails("create", err, zk.ErrNoAuth)
	ok(b.AddAuth("digest", []byte("joe:secret")))
	must(b.Set(path, []byte("mine"), -1))
	seen, stat := must2(b.GetACL(path))
	same("list", seen, acl)
	same("version", must(b.SetACL(path, open, stat.Aversion)).Aversion, int32(1))
	_, err = a.SetACL(path, open, 0)
	fails("old version", err, zk.ErrBadVersion)
	_, err = a.SetACL(path, nil, -1)
	fails("empty list", err, zk.ErrInvalidACL)
}

func watches(a, b *zk.Conn, path string) {
	_, _, created, err := a.ExistsW(path)
	ok(err)
	must(b.Create(path, nil, 0, open))
	event(created, zk.EventNodeCreated, path)
	_, _, changed, err := a.GetW(path)
	ok(err)
	_, _, listed, err := a.ChildrenW(path)
	ok(err)
	must(b.Create(path+"/child", nil, 0, open))
	event(listed, zk.EventNodeChildrenChanged, path)
	must(b.Set(path, nil, -1))
	event(changed, zk.EventNodeDataChanged, path)
	_, _, removed, err := a.GetW(path + "/child")
	ok(err)
	ok(b.Delete(path+"/child", -1))
	event(removed, zk.EventNodeDeleted, path+"/child")
}

func locks(a, b *zk.Conn, path string) {
	var holders, most, rounds int
	var guard, group = sync.Mutex{}, sync.WaitGroup{}
	for _, conn := range []*zk.Conn{a, b, a} {
		group.Add(1)
		go func(lock *zk.Lock) {
			defer group.Done()
			for i := 0; i < 5; i++ {
				if lock.Lock() != nil {
					return
				}
				guard.Lock()
				holders++
				most = max(most, holders)
				rounds++
				guard.Unlock()
				guard.Lock()
				holders--
				guard.Unlock()
				if lock.Unlock() != nil {
					return
				}
			}
		}(zk.NewLock(conn, path, open))
	}
	group.Wait()
	same("at once and in all", [2]int{most, rounds}, [2]int{1, 15})
	dying, _ := connect(direct, 10*time.Second)
	ok(zk.NewLock(dying, path, open).Lock())
	dying.Close()
	next := zk.NewLock(b, path, open)
	ok(next.Lock())
	ok(next.Unlock())
}

func reconnect(_, b *zk.Conn, path string) {
	mine, events := connect(cable, 10*time.Second)
	defer mine.Close()
	session := mine.SessionID()
	must(mine.Create(path, nil, zk.FlagEphemeral, open))
	must(b.Create(path+"-seen", nil, 0, open))
	_, _, seen, err := mine.GetW(path + "-seen")
	ok(err)
	_, _, later, err := mine.ExistsW(path + "-later")
	ok(err)
	fmt.Println("fault isolate")
	state(events, zk.StateDisconnected)
	must(b.Set(path+"-seen", []byte("while away"), -1))
	fmt.Println("fault heal")
	state(events, zk.StateHasSession)
	event(seen, zk.EventNodeDataChanged, path+"-seen")
	must(b.Create(path+"-later", nil, 0, open))
	event(later, zk.EventNodeCreated, path+"-later")
	same("session", mine.SessionID(), session)
	_, stat := must2(b.Get(path))
	same("owner", stat.EphemeralOwner, session)
}

func sessionLoss(_, b *zk.Conn, path string) {
	mine, events := connect(cable, 1500*time.Millisecond)
	defer mine.Close()
	session := mine.SessionID()
	must(mine.Create(path, nil, zk.FlagEphemeral, open))
	_, _, gone, err := b.ExistsW(path)
	ok(err)
	fmt.Println("fault isolate")
	event(gone, zk.EventNodeDeleted, path)
	fmt.Println("fault heal")
	state(events, zk.StateExpired)
	state(events, zk.StateHasSession)
	if mine.SessionID() == session {
		panic(failure{errors.New("the expired session is back")})
	}
	must(mine.Create(path, nil, zk.FlagEphemeral, open))
}

func removeAll(conn *zk.Conn, path string) {
	names, _, err := conn.Children(path)
	if errors.Is(err, zk.ErrNoNode) {
		return
	}
	ok(err)
	for _, name := range names {
		removeAll(conn, path+"/"+name)
	}
	if err := conn.Delete(path, -1); !errors.Is(err, zk.ErrNoNode) {
		ok(err)
	}
}

// passes runs one check and says how it went.
func passes(name string, check func()) (passed bool) {
	defer func() {
		switch reason := recover().(type) {
		case nil:
			fmt.Println("ok", name)
			passed = true
		case failure:
			fmt.Printf("not ok %s: %v\nfault heal\n", name, reason)
		default:
			panic(reason)
		}
	}()
	check()
	return
}

func main() {
	a, _ := connect(direct, 10*time.Second)
	b, _ := connect(direct, 10*time.Second)
	removeAll(a, root)
	must(a.Create(root, nil, 0, open))
	exitCode := 0
	for _, check := range []struct {
		name string
		run  func(a, b *zk.Conn, path string)
	}{
		{"every mode", everyMode},
		{"data and errors", dataAndErrors},
		{"transactions", transactions},
		{"permissions", permissions},
		{"watches", watches},
		{"locks", locks},
		{"reconnect", reconnect},
		{"session loss", sessionLoss},
	} {
		if !passes(check.name, func() { check.run(a, b, fmt.Sprintf("%s/%s", root, check.name[:3])) }) {
			exitCode = 1
		}
	}
	removeAll(a, root)
	a.Close()
	b.Close()
	os.Exit(exitCode)
}
