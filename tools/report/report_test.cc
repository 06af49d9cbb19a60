#include <gmock/gmock.h>

#include <cmath>
#include <limits>

#include "gtest/gtest.h"
#include "tools/report/bytes.h"
#include "tools/report/chart.h"
#include "tools/report/markup.h"
#include "tools/report/page.h"

namespace octet::report {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

int Count(const std::string& text, const std::string& part) {
  int count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

TEST(MarkupTest, EscapesWhatMeansSomethingInHtml) {
  EXPECT_EQ(Escape("a<b> & \"c\" 'd'"), "a&lt;b&gt; &amp; &quot;c&quot; &#39;d&#39;");
}

TEST(MarkupTest, BytesHaveUnits) {
  EXPECT_EQ(FormatBytes(512), "512 bytes");
  EXPECT_EQ(FormatBytes(1536), "1.5 KiB");
  EXPECT_EQ(FormatBytes(3 * 1024 * 1024), "3.00 MiB");
}

TEST(ChartTest, MarksAreRoundNumbersWithinTheAxis) {
  EXPECT_THAT(AxisMarks(0, 10, 5), ElementsAre(0, 2, 4, 6, 8, 10));
  EXPECT_THAT(AxisMarks(-0.3, 0.31, 6),
              ElementsAre(DoubleNear(-0.2, 1e-12), DoubleNear(0, 1e-12), DoubleNear(0.2, 1e-12)));
  EXPECT_THAT(AxisMarks(17, 26, 3), ElementsAre(20, 25));
}

TEST(ChartTest, BarsThatAreNotFiniteAreLeftOut) {
  const double infinity = std::numeric_limits<double>::infinity();
  const std::string svg =
      BarChart({{"a", 10, false}, {"b", infinity, false}, {"c", 5, true}}, "dB");
  EXPECT_EQ(Count(svg, "<rect"), 2);
  EXPECT_EQ(Count(svg, "bar bad"), 1);
  EXPECT_EQ(BarChart({{"b", infinity, false}}, "dB"), "");
}

TEST(ChartTest, HistogramsMarkWhatTheRangeClips) {
  const std::string svg = HistogramChart({5, 0, 7, 1}, -2, 1, -1, 1.2);
  EXPECT_EQ(Count(svg, "\"bar\""), 1);      // [0, 1)
  EXPECT_EQ(Count(svg, "\"bar bad\""), 2);  // [-2, -1) and [1, 2)
  EXPECT_EQ(Count(svg, "\"limit\""), 2);
}

TEST(ChartTest, PointsLeaveOutWhatIsNotFinite) {
  const double nan = std::nan("");
  const std::string svg = ScatterChart({{"one", 1, 2, true}, {"two", 3, nan, false}}, "x", "y");
  EXPECT_EQ(Count(svg, "<circle"), 1);
  EXPECT_THAT(svg, HasSubstr("one"));
  EXPECT_THAT(svg, Not(HasSubstr("two")));
}

TEST(ChartTest, PointsWithoutEndAreLines) {
  const double infinity = std::numeric_limits<double>::infinity();
  const std::string svg =
      ScatterChart({{"a", 1, 2, false}, {"float", 3, infinity, false}}, "x", "y");
  EXPECT_EQ(Count(svg, "<circle"), 1);
  EXPECT_EQ(Count(svg, "\"limit\""), 1);
  EXPECT_THAT(svg, HasSubstr("float"));
}

TEST(PageTest, ShowsEveryPartOnce) {
  Page page;
  page.title = "net <1>";
  page.verdict = "It is good enough.";
  page.facts = {{"data", "pictures/ & more"}};
  Step first, second;
  first.name = "float";
  first.latency_ms = 4;
  first.sqnr_db = std::numeric_limits<double>::infinity();
  second.name = "static, mse";
  second.sqnr_db = 23.456;
  second.latency_ms = 1.5;
  second.bytes = 2048;
  second.chosen = true;
  page.steps = {first, second};
  Layer layer;
  layer.name = "conv<0>";
  layer.sqnr_db = 31.25;
  layer.alone_db = 40;
  layer.median_us = 12;
  page.layers = {layer};
  page.histograms.resize(14);
  for (TensorHistogram& h : page.histograms) {
    h.tensor = "t";
    h.low = 0;
    h.width = 1;
    h.counts = {1, 2};
    h.range_max = 2;
  }
  const std::string html = ToHtml(page);
  EXPECT_THAT(html, HasSubstr("net &lt;1&gt;"));
  EXPECT_THAT(html, Not(HasSubstr("conv<0>")));
  EXPECT_THAT(html, HasSubstr("pictures/ &amp; more"));
  EXPECT_THAT(html, HasSubstr("23.46"));
  EXPECT_THAT(html, HasSubstr("2.0 KiB"));
  EXPECT_THAT(html, HasSubstr("equal"));
  EXPECT_EQ(Count(html, "class=\"chosen\""), 1);
  EXPECT_EQ(Count(html, "class=\"tile\""), 14);
  EXPECT_THAT(html, HasSubstr("2 more tensors"));
  EXPECT_THAT(html, HasSubstr("Sensitivity"));
  EXPECT_THAT(html, Not(HasSubstr("top-1")));
  EXPECT_THAT(html, Not(HasSubstr("http")));
  EXPECT_THAT(html, Not(HasSubstr("<script")));
}

TEST(PageTest, AFailureLooksLikeOne) {
  Page page;
  page.success = false;
  EXPECT_THAT(ToHtml(page), HasSubstr("verdict no"));
}

}  // namespace
}  // namespace octet::report
