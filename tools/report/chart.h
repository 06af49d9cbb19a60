#ifndef OCTET_TOOLS_REPORT_CHART_H_
#define OCTET_TOOLS_REPORT_CHART_H_

#include <string>
#include <vector>

// Charts as inline SVG. Colours are classes of the page's style, so that they follow light and
// dark.

namespace octet::report {

struct Point {
  std::string label;
  double x = 0;
  double y = 0;
  bool highlighted = false;
};

// Points with their labels over two axes. A point whose y is infinite is a vertical line; other
// values that are not finite are left out.
std::string ScatterChart(const std::vector<Point>& points, const std::string& x_title,
                         const std::string& y_title);

struct Bar {
  std::string label;  // shown when the pointer rests on the bar
  double value = 0;   // not finite: no bar
  bool highlighted = false;
};

// A bar per entry, side by side, from 0 up to the largest value.
std::string BarChart(const std::vector<Bar>& bars, const std::string& y_title);

// Counts of neighbouring bins on a logarithmic scale, from `low` on, each `width` wide, with the
// part within [range_min, range_max] in another colour.
std::string HistogramChart(const std::vector<double>& counts, double low, double width,
                           double range_min, double range_max);

// Marks for an axis that covers [low, high]: multiples of 1, 2 or 5 times a power of ten, `about`
// of them. Requires low < high.
std::vector<double> AxisMarks(double low, double high, int about);

}  // namespace octet::report

#endif  // OCTET_TOOLS_REPORT_CHART_H_
