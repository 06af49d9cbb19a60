#include "tools/report/chart.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "tools/report/markup.h"

namespace octet::report {
namespace {

constexpr double kWidth = 860, kLeft = 62, kRight = 18, kTop = 14, kBottom = 44;

// A linear scale from values to pixels.
struct Scale {
  double low, high, from, to;
  double operator()(double value) const {
    return from + (value - low) / (high - low) * (to - from);
  }
};

struct Extent {
  double low, high;
};

// The values' extent with a margin; a unit around a single value.
Extent WithMargin(double low, double high) {
  const double margin = high > low ? 0.08 * (high - low) : std::max(0.5, 0.1 * std::abs(high));
  return {low - margin, high + margin};
}

std::string Open(double height) {
  return absl::StrFormat("<svg viewBox=\"0 0 %g %g\" role=\"img\">\n", kWidth, height);
}

std::string Line(const char* style, double x1, double y1, double x2, double y2) {
  return absl::StrFormat("<line class=\"%s\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n",
                         style, x1, y1, x2, y2);
}

std::string Text(const char* style, double x, double y, const std::string& text) {
  return absl::StrFormat("<text class=\"%s\" x=\"%.1f\" y=\"%.1f\">%s</text>\n", style, x, y,
                         Escape(text));
}

std::string Rectangle(const char* style, double x, double y, double width, double height,
                      const std::string& title) {
  return absl::StrFormat(
      "<rect class=\"%s\" x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\">%s</rect>\n", style,
      x, y, width, height, title.empty() ? "" : absl::StrCat("<title>", Escape(title), "</title>"));
}

std::string VerticalAxis(const Scale& y, const std::string& title) {
  std::string svg;
  for (double mark : AxisMarks(y.low, y.high, 5)) {
    absl::StrAppend(&svg, Line("grid", kLeft, y(mark), kWidth - kRight, y(mark)),
                    Text("mark end", kLeft - 7, y(mark) + 4, absl::StrFormat("%g", mark)));
  }
  const double middle = (y.from + y.to) / 2;
  absl::StrAppendFormat(
      &svg, "<text class=\"axis middle\" transform=\"translate(14 %.1f) rotate(-90)\">%s</text>\n",
      middle, Escape(title));
  return svg;
}

}  // namespace

std::vector<double> AxisMarks(double low, double high, int about) {
  const double raw = (high - low) / std::max(1, about);
  const double power = std::pow(10.0, std::floor(std::log10(raw)));
  double step = power;
  for (double factor : {1.0, 2.0, 5.0, 10.0}) {
    step = factor * power;
    if (step >= raw) break;
  }
  std::vector<double> marks;
  const double first = std::ceil(low / step);
  for (double i = first; i * step <= high + step * 1e-9; ++i) marks.push_back(i * step + 0.0);
  return marks;
}

std::string ScatterChart(const std::vector<Point>& points, const std::string& x_title,
                         const std::string& y_title) {
  constexpr double kHeight = 340;
  std::vector<Point> shown, lines;
  for (const Point& p : points) {
    if (std::isfinite(p.x) && std::isfinite(p.y)) shown.push_back(p);
    if (std::isfinite(p.x) && std::isinf(p.y)) lines.push_back(p);
  }
  if (shown.empty()) return "";
  double left = 0, right = shown[0].x, low = shown[0].y, high = shown[0].y;
  for (const Point& p : lines) right = std::max(right, p.x);
  for (const Point& p : shown) {
    right = std::max(right, p.x);
    low = std::min(low, p.y);
    high = std::max(high, p.y);
  }
  const Extent vertical = WithMargin(low, high);
  if (!(right > left)) right = left + 1;
  const Scale x = {left, right * 1.12, kLeft, kWidth - kRight};
  const Scale y = {vertical.low, vertical.high, kHeight - kBottom, kTop};
  std::string svg = Open(kHeight) + VerticalAxis(y, y_title);
  for (double mark : AxisMarks(x.low, x.high, 8)) {
    absl::StrAppend(
        &svg, Line("grid", x(mark), kTop, x(mark), kHeight - kBottom),
        Text("mark middle", x(mark), kHeight - kBottom + 17, absl::StrFormat("%g", mark)));
  }
  svg += Text("axis middle", (kLeft + kWidth - kRight) / 2, kHeight - 8, x_title);
  for (const Point& p : lines) {
    absl::StrAppend(&svg, Line("limit", x(p.x), kTop, x(p.x), kHeight - kBottom),
                    Text("mark end", x(p.x) - 6, kTop + 12, p.label));
  }
  // Labels stand right of their points, moved down where another one is near.
  std::sort(shown.begin(), shown.end(), [](const Point& a, const Point& b) { return a.y > b.y; });
  std::vector<std::pair<double, double>> places;
  for (const Point& p : shown) {
    const double px = x(p.x), py = y(p.y);
    const bool at_right = px < kWidth - 190;
    double label_y = py + 4;
    for (const auto& [other_x, other_y] : places) {
      if (std::abs(other_x - px) < 190 && std::abs(other_y - label_y) < 14) label_y = other_y + 14;
    }
    places.emplace_back(px, label_y);
    absl::StrAppendFormat(
        &svg, "<circle class=\"%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"%g\"><title>%s</title></circle>\n",
        p.highlighted ? "dot good" : "dot", px, py, p.highlighted ? 6.5 : 5.0,
        Escape(absl::StrFormat("%s: %g, %g", p.label, p.x, p.y)));
    svg += Text(at_right ? "mark" : "mark end", at_right ? px + 10 : px - 10, label_y, p.label);
  }
  return svg + "</svg>\n";
}

std::string BarChart(const std::vector<Bar>& bars, const std::string& y_title) {
  constexpr double kHeight = 240, kBase = kHeight - 16;
  double high = 0, low = 0;
  for (const Bar& bar : bars) {
    if (!std::isfinite(bar.value)) continue;
    high = std::max(high, bar.value);
    low = std::min(low, bar.value);
  }
  if (high <= low) return "";
  const Scale y = {low, high * 1.05, kBase, kTop};
  std::string svg = Open(kHeight) + VerticalAxis(y, y_title);
  const double step = (kWidth - kLeft - kRight) / static_cast<double>(bars.size());
  for (size_t i = 0; i < bars.size(); ++i) {
    if (!std::isfinite(bars[i].value)) continue;
    const double top = y(std::max(bars[i].value, 0.0)), bottom = y(std::min(bars[i].value, 0.0));
    svg += Rectangle(bars[i].highlighted ? "bar bad" : "bar",
                     kLeft + step * (static_cast<double>(i) + 0.1), top, step * 0.8, bottom - top,
                     bars[i].label);
  }
  absl::StrAppend(&svg, Line("base", kLeft, y(0), kWidth - kRight, y(0)));
  return svg + "</svg>\n";
}

std::string HistogramChart(const std::vector<double>& counts, double low, double width,
                           double range_min, double range_max) {
  constexpr double kW = 280, kH = 110, kFloor = kH - 20;
  constexpr size_t kColumns = 96;
  if (counts.empty()) return "";
  const size_t columns = std::min(kColumns, counts.size());
  std::vector<double> sums(columns);
  for (size_t i = 0; i < counts.size(); ++i) sums[i * columns / counts.size()] += counts[i];
  const double most = *std::max_element(sums.begin(), sums.end());
  if (most <= 0) return "";
  const double high = low + width * static_cast<double>(counts.size());
  const double span = high - low;
  std::string svg = absl::StrFormat("<svg viewBox=\"0 0 %g %g\" role=\"img\">\n", kW, kH);
  const double step = kW / static_cast<double>(columns);
  for (size_t i = 0; i < columns; ++i) {
    if (sums[i] <= 0) continue;
    const double height = std::log1p(sums[i]) / std::log1p(most) * (kFloor - 6);
    const double middle =
        low + span * (static_cast<double>(i) + 0.5) / static_cast<double>(columns);
    const bool inside = middle >= range_min && middle <= range_max;
    svg += Rectangle(inside ? "bar" : "bar bad", step * static_cast<double>(i), kFloor - height,
                     step * 0.92, height, "");
  }
  for (double end : {range_min, range_max}) {
    const double x = std::clamp((end - low) / span, 0.0, 1.0) * kW;
    svg += Line("limit", x, 2, x, kFloor);
  }
  absl::StrAppend(&svg, Line("base", 0, kFloor, kW, kFloor),
                  Text("mark", 0, kH - 5, absl::StrFormat("%.3g", low)),
                  Text("mark end", kW, kH - 5, absl::StrFormat("%.3g", high)));
  return svg + "</svg>\n";
}

}  // namespace octet::report
