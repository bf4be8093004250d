package report

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	cdpruntime "github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// watched is what a page must not do.
type watched struct {
	sync.Mutex
	said     []string
	requests []string
}

// open shows a report from its file, and fails the test at its end for
// anything in the console, and for any request but that for the page itself.
func open(t *testing.T, file string) context.Context {
	t.Helper()
	path, err := filepath.Abs(file)
	if err != nil {
		t.Fatal(err)
	}
	// Chromium takes ".html" alone for a page.
	page := filepath.Join(t.TempDir(), "report.html")
	if err := os.Symlink(path, page); err != nil {
		t.Fatal(err)
	}
	url := "file://" + page
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	t.Cleanup(cancel)
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath("chromium"), chromedp.WindowSize(1300, 900), chromedp.WSURLReadTimeout(time.Minute))
	if os.Geteuid() == 0 { // Chromium's sandbox refuses root
		options = append(options, chromedp.NoSandbox)
	}
	ctx, cancel = chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	w := &watched{}
	chromedp.ListenTarget(ctx, func(ev any) {
		w.Lock()
		defer w.Unlock()
		switch e := ev.(type) {
		case *cdpruntime.EventConsoleAPICalled:
			w.said = append(w.said, "console "+e.Type.String())
		case *cdpruntime.EventExceptionThrown:
			w.said = append(w.said, e.ExceptionDetails.Error())
		case *log.EventEntryAdded:
			w.said = append(w.said, e.Entry.Text)
		case *network.EventRequestWillBeSent:
			w.requests = append(w.requests, e.Request.URL)
		}
	})
	if err := chromedp.Run(ctx, log.Enable(), network.Enable(), chromedp.Navigate(url), chromedp.WaitVisible("#apps-count")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		// First of all: the browser still runs.
		var pwned bool
		if err := chromedp.Run(ctx, chromedp.Evaluate(`"pwned" in window || document.querySelectorAll("script").length !== 2 || document.querySelector("img,iframe,link,object,embed,form,a:not(.skip)") !== null`, &pwned)); err != nil {
			t.Error(err)
		}
		if pwned {
			t.Error("a name of somebody's became markup")
		}
		w.Lock()
		defer w.Unlock()
		if len(w.said) > 0 {
			t.Errorf("console: %q", w.said)
		}
		if len(w.requests) != 1 || w.requests[0] != url {
			t.Errorf("requests: %q", w.requests)
		}
	})
	return ctx
}

func act(t *testing.T, ctx context.Context, actions ...chromedp.Action) {
	t.Helper()
	if err := chromedp.Run(ctx, actions...); err != nil {
		t.Fatal(err)
	}
}

func number(t *testing.T, ctx context.Context, js string) int {
	t.Helper()
	var n int
	act(t, ctx, chromedp.Evaluate(js, &n))
	return n
}

const (
	visibleApps = `[...document.querySelectorAll("details.app")].filter((d) => d.checkVisibility()).length`
	builtBodies = `document.querySelectorAll("details.app > .body").length`
	allOpen     = `document.querySelectorAll("details[open]").length`
)

func expect(t *testing.T, ctx context.Context, js string, want int) {
	t.Helper()
	if n := number(t, ctx, js); n != want {
		t.Errorf("%s: %d, not %d", js, n, want)
	}
}

// search types as a person does.
func search(text string) chromedp.Action {
	return chromedp.Tasks{chromedp.Evaluate(`document.getElementById("search").select()`, nil), chromedp.KeyEvent(text), chromedp.Sleep(50 * time.Millisecond)}
}

func TestPageSearch(t *testing.T) {
	ctx := open(t, filepath.Join(reports, "sample.html"))
	expect(t, ctx, visibleApps, 9)
	for text, want := range map[string]int{"shop@": 2, "STRIPE": 1, "base/db.yaml:8": 2, "kes601": 1, "shop staging": 1, "nothing like this": 0} {
		act(t, ctx, search(text))
		expect(t, ctx, visibleApps, want)
	}
	act(t, ctx, search("KES101"))
	expect(t, ctx, `document.querySelectorAll("#findings > li").length`, 1)
	act(t, ctx, search(" "), chromedp.Click("#states button.decision"))
	expect(t, ctx, visibleApps, 7)
	act(t, ctx, chromedp.Click("#states button.decision"))
	expect(t, ctx, visibleApps, 9)
}

func TestPageFolds(t *testing.T) {
	ctx := open(t, filepath.Join(reports, "sample.html"))
	expect(t, ctx, builtBodies, 0)
	// By keyboard: the summary has the focus, Enter unfolds.
	act(t, ctx, search("billing"), chromedp.Evaluate(`document.querySelector("details.app:not([hidden]) > summary").focus()`, nil),
		chromedp.KeyEvent("\r"), chromedp.WaitVisible("details.app[open] details.secret"))
	expect(t, ctx, builtBodies, 1)
	act(t, ctx, chromedp.Click("details.app[open] details.secret > summary"), chromedp.WaitVisible(".sides pre"))
	expect(t, ctx, `document.querySelectorAll(".sides pre").length`, 2)
	if n := number(t, ctx, `document.querySelectorAll(".sides .ins").length`); n == 0 {
		t.Error("no line is marked as new")
	}
	act(t, ctx, chromedp.Click("#fold"), chromedp.Sleep(100*time.Millisecond))
	expect(t, ctx, `[...document.querySelectorAll(".sides pre")].filter((e) => e.checkVisibility({contentVisibilityAuto: true})).length`, 0)
	expect(t, ctx, allOpen, 0)
	// Everything at once, hostile names among it.
	act(t, ctx, search(" "), chromedp.Click("#more"), chromedp.Click("#unfold"), chromedp.Sleep(200*time.Millisecond),
		chromedp.Evaluate(`document.querySelectorAll("details").forEach((d) => { d.open = true; })`, nil), chromedp.Sleep(300*time.Millisecond))
	expect(t, ctx, builtBodies, 9)
	var text string
	act(t, ctx, chromedp.Evaluate(`document.querySelector("main").textContent`, &text))
	for _, want := range []string{"</script><script>window.pwned=1</script>", `onerror="window.pwned=1"`, `\u202etxt`} {
		if !strings.Contains(text, want) {
			t.Errorf("%s isn't shown as text", want)
		}
	}
}

// What check itself wrote.
func TestPageFleet(t *testing.T) {
	ctx := open(t, filepath.Join(reports, "fleet.html"))
	if n := number(t, ctx, visibleApps); n < 30 {
		t.Errorf("%d apps", n)
	}
	act(t, ctx, search("pricing"), chromedp.Click("#unfold"), chromedp.Sleep(200*time.Millisecond))
	if n := number(t, ctx, builtBodies); n == 0 {
		t.Error("nothing about pricing")
	}
	if dir := os.Getenv("KESBRIDGE_SCREENSHOTS"); dir != "" {
		var b []byte
		act(t, ctx, search(" "), chromedp.Click("#fold"), chromedp.FullScreenshot(&b, 100))
		if err := os.WriteFile(filepath.Join(dir, "fleet.png"), b, 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

// Both schemes differ, and the text stands out in each. With
// KESBRIDGE_SCREENSHOTS the pictures are kept there.
func TestPageSchemes(t *testing.T) {
	ctx := open(t, filepath.Join(reports, "sample.html"))
	dir := os.Getenv("KESBRIDGE_SCREENSHOTS")
	if dir == "" {
		dir = t.TempDir()
	}
	seen := map[string]bool{}
	for _, scheme := range []string{"light", "dark"} {
		var back string
		var ratio float64
		var top, list, open []byte
		act(t, ctx, emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}),
			chromedp.Evaluate(`scrollTo(0, 0); getComputedStyle(document.body).backgroundColor`, &back),
			chromedp.Evaluate(contrast, &ratio),
			chromedp.CaptureScreenshot(&top),
			chromedp.Evaluate(`document.getElementById("h-apps").scrollIntoView()`, nil), chromedp.Sleep(100*time.Millisecond), chromedp.CaptureScreenshot(&list),
			search("shop@prod"), chromedp.Evaluate(`document.querySelectorAll("details.app:not([hidden])").forEach((d) => { d.open = true; })`, nil), chromedp.Sleep(200*time.Millisecond),
			chromedp.Evaluate(`document.querySelector("details.secret").open = true; document.querySelector("details.app[open]").scrollIntoView()`, nil), chromedp.Sleep(200*time.Millisecond),
			chromedp.CaptureScreenshot(&open), search(" "))
		if seen[back] {
			t.Errorf("%s has the background %s, too", scheme, back)
		}
		seen[back] = true
		if ratio < 4.5 { // WCAG 2.1, 1.4.3, level AA
			t.Errorf("%s: contrast of %.2f", scheme, ratio)
		}
		for name, b := range map[string][]byte{"top": top, "list": list, "open": open} {
			if len(b) < 10000 {
				t.Errorf("%s %s: a picture of %d bytes", scheme, name, len(b))
			}
			if err := os.WriteFile(filepath.Join(dir, scheme+"-"+name+".png"), b, 0o666); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// contrast is the lowest ratio of WCAG's between a text's colour and the page's
// or a row's background.
const contrast = `(() => {
  const rgb = (s) => s.match(/[\d.]+/g).slice(0, 3).map((v) => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
  const lum = (s) => { const [r, g, b] = rgb(s); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const back = (e) => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor; if (!/, 0\)$/.test(c)) return c; } return "rgb(255, 255, 255)"; };
  let least = 21;
  for (const e of document.querySelectorAll("body *")) {
    if (![...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()) || !e.checkVisibility() || e.tagName === "SCRIPT") continue;
    const a = lum(getComputedStyle(e).color), b = lum(back(e));
    least = Math.min(least, (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05));
  }
  return least;
})()`

// A thousand apps: nothing folded is built, and a search is answered at once.
func TestPageThousand(t *testing.T) {
	ctx := open(t, filepath.Join(reports, "many.html"))
	expect(t, ctx, visibleApps, 1000)
	expect(t, ctx, builtBodies, 0)
	act(t, ctx, search("app-0500"))
	expect(t, ctx, visibleApps, 1)
	var ms float64
	act(t, ctx, chromedp.Evaluate(`(() => { const s = document.getElementById("search"), t = performance.now();
		for (const v of ["a", "ap", "app-01", ""]) { s.value = v; s.dispatchEvent(new Event("input")); document.body.offsetHeight; }
		return (performance.now() - t) / 4; })()`, &ms))
	t.Logf("one search takes %.1f ms", ms)
	expect(t, ctx, visibleApps, 1000)
}
