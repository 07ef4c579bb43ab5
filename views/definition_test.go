package views

import (
	"net/http"
	"strings"
	"testing"

	"github.com/millrace/millrace/domain/catalog"
	"github.com/millrace/millrace/domain/mission"
	"github.com/millrace/millrace/views/token"
)

const (
	brandText    = `{"id":"swiggy","name":"Swiggy","logo_url":"https://img.example/swiggy.png","merchants":["Swiggy","swiggy instamart","SWIGGY"]}`
	adText       = `{"id":"home-1","title":"Win 100 coins","placement":"home","schedule":{"from":"2026-03-01","to":"2026-03-08"},"time_zone":"Asia/Kolkata","mission_id":"swiggy-500","priority":5}`
	poolText     = `{"id":"amazon-100","title":"Amazon 100","brand_id":"amazon"}`
	templateText = `{"id":"hundred-coins","title":"100 coins","reward":{"kind":"coins","amount":100,"expires_after":"720h"},"grant":{"mode":"claim","hold":"24h"}}`
)

func TestDefinitionsLiveOverHTTP(t *testing.T) {
	for _, tt := range []struct {
		path, id, body, change string
		want                   map[string]any
	}{
		{"brands", "swiggy", brandText, `"Swiggy","logo`, map[string]any{"name": "Swiggy", "status": "active"}},
		{"ads", "home-1", adText, `"Win 100 coins"`, map[string]any{"placement": "home", "priority": 5.0, "time_zone": "Asia/Kolkata", "mission_id": "swiggy-500"}},
		{"pools", "amazon-100", poolText, `"Amazon 100"`, map[string]any{"title": "Amazon 100", "brand_id": "amazon"}},
		{"reward-templates", "hundred-coins", templateText, `"100 coins"`, map[string]any{"title": "100 coins", "debt": "negative"}},
	} {
		t.Run(tt.path, func(t *testing.T) {
			f := newFixture(t)
			if tt.path == "pools" {
				f.putDefinition(catalog.Brand{BrandID: "amazon", Name: "Amazon", State: catalog.StatusActive})
			}
			list, one := "/v1/panel/"+tt.path, "/v1/panel/"+tt.path+"/"+tt.id
			f.wantProblem(f.ask("GET", one, f.token("v", token.Viewer)), http.StatusNotFound, "not_found")
			f.wantProblem(f.ask("POST", list, f.token("v", token.Viewer), withBody(tt.body)), http.StatusForbidden, "forbidden")
			w := f.say("POST", list, tt.body)
			got := f.wantOK(w, `"1"`)
			if w.Header().Get("Location") != one {
				t.Errorf("Location %s", w.Header().Get("Location"))
			}
			tt.want["revision"], tt.want["actor"], tt.want["id"] = 1.0, "eve", tt.id
			for name, want := range tt.want {
				if got[name] != want {
					t.Errorf("%s is %v, not %v", name, got[name], want)
				}
			}
			changed := strings.Replace(tt.body, tt.change, strings.Replace(tt.change, `"`, `"new `, 1), 1)
			f.wantProblem(f.say("PUT", one, changed), http.StatusPreconditionRequired, "precondition_required")
			f.wantProblem(f.say("PUT", one, changed, withMatch(`"9"`)), http.StatusPreconditionFailed, "precondition_failed")
			f.wantOK(f.say("PUT", one, changed, withMatch(`"1"`)), `"2"`)
			read := f.wantOK(f.ask("GET", one, f.token("v", token.Viewer)), `"2"`) // what was written is read
			if read["revision"] != 2.0 || read["as_of"] == nil {
				t.Errorf("%v", read)
			}
			if got := f.wantOK(f.say("DELETE", one, "", withMatch(`"2"`)), `"3"`); got["status"] != "archived" {
				t.Errorf("%v", got)
			}
			f.wantProblem(f.say("DELETE", list+"/other", "", withMatch("*")), http.StatusNotFound, "not_found")
			for query, want := range map[string]int{"": 1, "?status=archived": 1, "?status=active": 0, "?q=NEW": 1, "?q=nowhere": 0, "?merchant=nobody": 0} {
				if items := f.get(list + query)["items"].([]any); len(items) != want {
					t.Errorf("%s: %v", query, items)
				}
			}
		})
	}
}

func TestDefinitionsThatCannotBe(t *testing.T) {
	f := newFixture(t)
	for _, tt := range []struct {
		path, body string
		status     int
		pointers   string
	}{
		{"brands", `{"id":"a b","name":"","logo_url":"ftp://x/y","merchants":["a",1],"status":"gone"}`, 422, "/merchants/1 /id /status /name /logo_url"},
		{"brands", `{"id":"a","name":"A","colour":"red"}`, 400, "/colour"},
		{"brands", `{"id":"a","name":"A","name":"B"}`, 400, ""},
		{"brands", `[` + strings.Repeat("[", 5000), 400, ""},
		{"ads", `{"id":"a","title":"t","placement":"The Home","target_url":"javascript:alert(1)","schedule":{"from":"yesterday","to":"2026-02-30"},"priority":-1}`, 422,
			"/target_url /placement /priority /schedule/from /schedule/to"},
		{"ads", `{"id":"a","title":"t","placement":"home","schedule":{"from":"2026-03-02","to":"2026-03-01"}}`, 422, "/schedule/to"},
		{"ads", `{"id":"a","title":"t","placement":"home","time_zone":"Mars/Base"}`, 422, "/time_zone"},
		{"pools", `{"id":"a","title":7}`, 422, "/title"},
		{"reward-templates", `{"id":"a","reward":{"kind":"cash","amount":0},"grant":{"mode":"never"}}`, 422, "/currency /reward/amount /grant/mode"},
		{"reward-templates", `{"id":"a","reward":{"kind":"coins","amount":1.5}}`, 422, "/reward/amount"},
		{"pools", `{"id":"a","status":"archived"}`, 422, "/status"},
	} {
		w := f.say("POST", "/v1/panel/"+tt.path, tt.body)
		code := "invalid_field"
		if tt.pointers == "" {
			code = "bad_request"
		}
		p := f.wantProblem(w, tt.status, code)
		var pointers []string
		list, _ := p["errors"].([]any)
		for _, e := range list {
			pointers = append(pointers, e.(map[string]any)["pointer"].(string))
		}
		if got := strings.TrimSpace(strings.Join(pointers, " ")); got != tt.pointers {
			t.Errorf("%s: %s, not %s", tt.body, got, tt.pointers)
		}
	}
	f.wantProblem(f.say("PUT", "/v1/panel/brands/other", brandText), http.StatusUnprocessableEntity, "invalid_field")
}

// What has to do with a merchant: the brand itself, what is of the brand, and an ad of a mission at the merchant.
func TestDefinitionsOfAMerchant(t *testing.T) {
	f := newFixture(t)
	f.putMission(swiggy())
	other := swiggy()
	other.ID, other.Filters = "any", []mission.Filter{}
	f.putMission(other)
	f.wantOK(f.say("POST", "/v1/panel/brands", brandText), `"1"`)
	f.wantOK(f.say("POST", "/v1/panel/brands", `{"id":"amazon","name":"Amazon","merchants":["amazon"]}`), `"1"`)
	f.wantOK(f.say("POST", "/v1/panel/pools", poolText), `"1"`)
	f.wantOK(f.say("POST", "/v1/panel/ads", adText), `"1"`)
	f.wantOK(f.say("POST", "/v1/panel/ads", strings.NewReplacer("home-1", "home-2", "swiggy-500", "any").Replace(adText)), `"1"`)
	for target, want := range map[string]string{
		"brands?merchant=SWIGGY": "swiggy", "brands?merchant=amazon": "amazon", "pools?merchant=amazon": "amazon-100", "pools?merchant=swiggy": "",
		"ads?merchant=swiggy": "home-1", "ads?merchant=amazon": "", "ads": "home-1 home-2",
	} {
		var ids []string
		for _, page := range f.ids("/v1/panel/" + target) {
			ids = append(ids, page...)
		}
		if got := strings.Join(ids, " "); got != want {
			t.Errorf("%s: %s, not %s", target, got, want)
		}
	}
	first := f.get("/v1/panel/ads?limit=1")
	if rest := f.get("/v1/panel/ads?limit=1&cursor=" + first["next_cursor"].(string)); rest["items"].([]any)[0].(map[string]any)["id"] != "home-2" || rest["next_cursor"] != nil {
		t.Errorf("%v", rest)
	}
}
