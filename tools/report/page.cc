#include "tools/report/page.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "tools/report/bytes.h"
#include "tools/report/chart.h"
#include "tools/report/markup.h"

namespace octet::report {
namespace {

constexpr char kStyle[] = R"(
:root { --ink: #1c2430; --soft: #5d6878; --paper: #fcfcfb; --card: #ffffff; --line: #dfe3e8;
  --blue: #2f6fb7; --green: #1e8a5f; --red: #c8503c; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ee; --soft: #97a3b4; --paper: #14181e;
  --card: #1b2129; --line: #323b47; --blue: #6ea8ea; --green: #4fc495; --red: #ec8370; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1000px; padding: 32px 24px 64px; background: var(--paper);
  color: var(--ink); font: 15px/1.5 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; }
h1 { font-size: 27px; margin: 0 0 4px; } h2 { font-size: 19px; margin: 40px 0 6px; }
p { margin: 6px 0 12px; } .soft { color: var(--soft); }
.verdict { border-left: 4px solid var(--green); padding: 10px 14px; background: var(--card);
  margin: 16px 0; } .verdict.no { border-color: var(--red); }
.scroll { overflow-x: auto; background: var(--card); border: 1px solid var(--line);
  border-radius: 6px; }
table { border-collapse: collapse; width: 100%; font-size: 13.5px; }
th, td { padding: 5px 10px; text-align: left; border-bottom: 1px solid var(--line); }
th { color: var(--soft); font-weight: 600; white-space: nowrap; }
tbody tr:last-child td { border-bottom: 0; } .n { text-align: right;
  font-variant-numeric: tabular-nums; white-space: nowrap; }
td:first-child { white-space: nowrap; } tr.chosen td { font-weight: 600; } tr.chosen td:first-child { box-shadow: inset 3px 0 var(--green); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 2px 16px; margin: 12px 0;
  font-size: 13.5px; } dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
svg { width: 100%; height: auto; display: block; }
.chart { background: var(--card); border: 1px solid var(--line); border-radius: 6px; padding: 8px; }
.grid { stroke: var(--line); stroke-width: 1; } .base { stroke: var(--soft); stroke-width: 1; }
.mark { fill: var(--soft); font-size: 12px; } .axis { fill: var(--ink); font-size: 12.5px; }
.middle { text-anchor: middle; } .end { text-anchor: end; }
.bar { fill: var(--blue); } .bad { fill: var(--red); } .dot { fill: var(--blue); }
.dot.good { fill: var(--green); } .limit { stroke: var(--ink); stroke-dasharray: 3 2; }
.tiles { display: grid; grid-template-columns: repeat(auto-fill, minmax(220px, 1fr)); gap: 12px; }
.tile { background: var(--card); border: 1px solid var(--line); border-radius: 6px;
  padding: 8px 10px; } .tile p { margin: 0 0 4px; font-size: 12px; overflow-wrap: anywhere; }
.swatch { display: inline-block; width: 10px; height: 10px; border-radius: 2px; }
summary { cursor: pointer; margin: 12px 0; color: var(--blue); }
)";

constexpr size_t kTilesAtOnce = 12;

std::string Fixed(absl::optional<double> value, int digits) {
  if (!value) return "";
  if (std::isinf(*value)) return "equal";
  return absl::StrFormat("%.*f", digits, *value);
}

std::string StepsTable(const Page& page) {
  bool has_top1 = false;
  for (const Step& s : page.steps) has_top1 = has_top1 || s.top1;
  Table table;
  table.titles = {"step",       "agreement", "SQNR dB", "cosine", "least cosine",
                  "latency ms", "size",      "took s",  ""};
  table.numeric = {false, true, true, true, true, true, true, true, false};
  if (has_top1) {
    table.titles.insert(table.titles.begin() + 1, "top-1");
    table.numeric.insert(table.numeric.begin() + 1, true);
  }
  for (const Step& s : page.steps) {
    Table::Row row;
    row.highlighted = s.chosen;
    row.cells = {Escape(s.name)};
    if (has_top1) row.cells.push_back(Fixed(s.top1, 4));
    for (const std::string& cell :
         {Fixed(s.agreement, 4), Fixed(s.sqnr_db, 2), Fixed(s.cosine_mean, 5),
          Fixed(s.cosine_min, 5), Fixed(s.latency_ms, 3), s.bytes ? FormatBytes(*s.bytes) : "",
          Fixed(s.seconds, 1), Escape(s.remark)}) {
      row.cells.push_back(cell);
    }
    table.rows.push_back(std::move(row));
  }
  return ToHtml(table);
}

std::string Chart(const std::string& svg) {
  return svg.empty() ? "" : absl::StrCat("<div class=\"chart\">", svg, "</div>\n");
}

std::string StepsChart(const Page& page) {
  std::vector<Point> points;
  for (const Step& s : page.steps) {
    if (!s.latency_ms || !s.sqnr_db) continue;
    points.push_back({s.name, *s.latency_ms, *s.sqnr_db, s.chosen});
  }
  return Chart(ScatterChart(points, "latency in ms, less is better", "SQNR in dB, more is better"));
}

std::string ErrorChart(const std::vector<Layer>& layers, absl::optional<double> Layer::*decibels) {
  std::vector<Bar> bars;
  for (const Layer& layer : layers) {
    if (!(layer.*decibels)) continue;
    const double value = *(layer.*decibels);
    bars.push_back(
        {absl::StrFormat("%s (%s): %.2f dB", layer.name, layer.yields, value), value, false});
  }
  // The five least stand out.
  std::vector<double> finite;
  for (const Bar& bar : bars) {
    if (std::isfinite(bar.value)) finite.push_back(bar.value);
  }
  std::sort(finite.begin(), finite.end());
  const double limit = finite.empty() ? 0 : finite[std::min<size_t>(4, finite.size() - 1)];
  for (Bar& bar : bars) bar.highlighted = bar.value <= limit;
  return Chart(BarChart(bars, "SQNR in dB"));
}

std::string LayersTable(const std::vector<Layer>& layers) {
  double total = 0;
  for (const Layer& layer : layers) total += layer.median_us.value_or(0);
  Table table;
  table.titles = {"operator", "type",    "computes", "yields", "time us",
                  "share",    "SQNR dB", "alone dB", "kernel"};
  table.numeric = {false, false, false, false, true, true, true, true, false};
  for (const Layer& layer : layers) {
    const bool timed = layer.median_us.has_value() && total > 0;
    table.rows.push_back({{Escape(layer.name), Escape(layer.type), Escape(layer.computes),
                           Escape(layer.yields), Fixed(layer.median_us, 1),
                           timed ? absl::StrFormat("%.1f%%", 100 * *layer.median_us / total) : "",
                           Fixed(layer.sqnr_db, 2), Fixed(layer.alone_db, 2), Escape(layer.kernel)},
                          false});
  }
  return ToHtml(table);
}

std::string Tiles(const std::vector<TensorHistogram>& histograms, size_t begin, size_t end) {
  std::string html = "<div class=\"tiles\">\n";
  for (size_t i = begin; i < end; ++i) {
    const TensorHistogram& h = histograms[i];
    absl::StrAppend(&html, "<div class=\"tile\"><p>", Escape(h.tensor), "<br><span class=\"soft\">",
                    absl::StrFormat("range %.4g to %.4g", h.range_min, h.range_max), "</span></p>",
                    HistogramChart(h.counts, h.low, h.width, h.range_min, h.range_max), "</div>\n");
  }
  return html + "</div>\n";
}

std::string Histograms(const std::vector<TensorHistogram>& histograms) {
  const size_t shown = std::min(kTilesAtOnce, histograms.size());
  std::string html = Tiles(histograms, 0, shown);
  if (shown < histograms.size()) {
    absl::StrAppend(&html, "<details><summary>", histograms.size() - shown,
                    " more tensors</summary>\n", Tiles(histograms, shown, histograms.size()),
                    "</details>\n");
  }
  return html;
}

bool Any(const std::vector<Layer>& layers, absl::optional<double> Layer::*value) {
  return std::any_of(layers.begin(), layers.end(),
                     [&](const Layer& layer) { return (layer.*value).has_value(); });
}

}  // namespace

std::string ToHtml(const Page& page) {
  std::string html = absl::StrCat(
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>",
      Escape(page.title), "</title><style>", kStyle, "</style></head><body>\n<h1>",
      Escape(page.title), "</h1>\n<div class=\"verdict", page.success ? "" : " no", "\">",
      Escape(page.verdict), "</div>\n<dl>");
  for (const auto& [name, value] : page.facts) {
    absl::StrAppend(&html, "<dt>", Escape(name), "</dt><dd>", Escape(value), "</dd>");
  }
  absl::StrAppend(&html, "</dl>\n<h2>The road</h2>\n",
                  "<p class=\"soft\">Every attempt, judged by what its outputs are against those "
                  "of the float model. The marked row is the result.</p>\n",
                  StepsTable(page));
  if (const std::string chart = StepsChart(page); !chart.empty()) {
    absl::StrAppend(&html, "<h2>Accuracy and speed</h2>\n", chart);
  }
  if (Any(page.layers, &Layer::sqnr_db)) {
    absl::StrAppend(&html, "<h2>Error from layer to layer</h2>\n",
                    "<p class=\"soft\">How far each operator's output is from the float model's, "
                    "in order of execution: error adds up from left to right. The five least "
                    "stand out.</p>\n",
                    ErrorChart(page.layers, &Layer::sqnr_db));
  }
  if (Any(page.layers, &Layer::alone_db)) {
    absl::StrAppend(&html, "<h2>Sensitivity</h2>\n",
                    "<p class=\"soft\">The error of the model's output when this operator alone "
                    "is quantized. The lower the bar, the more this operator costs.</p>\n",
                    ErrorChart(page.layers, &Layer::alone_db));
  }
  if (!page.histograms.empty()) {
    absl::StrAppend(&html,
                    "<h2>Ranges</h2>\n<p class=\"soft\">Values of the calibration data, "
                    "counts on a logarithmic scale, zeros left out. "
                    "<span class=\"swatch bar\" style=\"background:var(--blue)\"></span> within "
                    "the range chosen, <span class=\"swatch\" style=\"background:var(--red)\">"
                    "</span> clipped.</p>\n",
                    Histograms(page.histograms));
  }
  if (!page.layers.empty()) {
    absl::StrAppend(&html, "<h2>Operators</h2>\n", LayersTable(page.layers));
  }
  return html + "</body></html>\n";
}

}  // namespace octet::report
