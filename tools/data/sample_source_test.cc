#include "tools/data/sample_source.h"

#include <gmock/gmock.h>
#include <png.h>
#include <sys/stat.h>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tools/data/file.h"
#include "tools/data/npy.h"
#include "tools/data/test_files.h"

namespace octet {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TensorInfo Info(const std::string& name, DataType type, Shape shape) {
  TensorInfo info;
  info.name = name;
  info.type = type;
  info.shape = std::move(shape);
  return info;
}

DataSpec PictureSpec() {
  DataSpec spec;
  spec.inputs = {Info("image", DataType::kF32, {-1, 3, 8, 8})};
  ImagePreprocessing p;
  p.resize = 8;
  p.crop = 8;
  p.mean = {0, 0, 0};
  p.std = {1, 1, 1};
  spec.preprocessing = p;
  spec.labels = {"cat", "dog", "owl"};
  return spec;
}

DataSpec ArraySpec() {
  DataSpec spec;
  spec.inputs = {Info("a", DataType::kF32, {-1, 2}), Info("b", DataType::kS64, {-1, -1})};
  return spec;
}

void WritePicture(const std::string& path, uint8_t gray) {
  const Image image{8, 8, std::vector<uint8_t>(8 * 8 * 3, gray)};
  ASSERT_TRUE(WriteFile(path, testing::EncodePng(image, PNG_COLOR_TYPE_RGB)).ok());
}

std::vector<int> Classes(const SampleSource& source) {
  std::vector<int> classes;
  for (int64_t i = 0; i < source.size(); ++i) classes.push_back(source.ClassOf(i));
  return classes;
}

TEST(PictureFolderTest, SortsPicturesAndReadsClasses) {
  const std::string folder = testing::MakeFolder("pictures");
  WritePicture(folder + "/b.png", 2);
  WritePicture(folder + "/a.PNG", 1);
  WritePicture(folder + "/c.png", 3);
  testing::WriteText(folder + "/notes.txt", "not a picture");
  testing::WriteText(folder + "/labels.csv", "class,file\r\nowl,b.png\r\n1,\"a.PNG\"\r\n");
  const auto source = OpenSamples(folder, PictureSpec());
  ASSERT_TRUE(source.ok()) << source.status();
  EXPECT_THAT(Classes(**source), ElementsAre(1, 2, SampleSource::kNoClass));
  const Sample sample = (*source)->Load(1).value();
  EXPECT_EQ(sample[0].shape, (Shape{3, 8, 8}));
  EXPECT_EQ(sample[0].as<float>()[0], 2.0f);
}

TEST(PictureFolderTest, SubfoldersAreClasses) {
  const std::string folder = testing::MakeFolder("pictures");
  for (const char* name : {"owl", "7", "zebra"}) {
    ASSERT_EQ(mkdir((folder + "/" + name).c_str(), 0755), 0);
    WritePicture(folder + "/" + name + "/x.png", 1);
  }
  const auto source = OpenSamples(folder, PictureSpec());
  ASSERT_TRUE(source.ok()) << source.status();
  EXPECT_THAT(Classes(**source), ElementsAre(7, 2, 2));  // "zebra" is third in order
}

TEST(PictureFolderTest, ErrorsSayWhatIsWrong) {
  const std::string folder = testing::MakeFolder("pictures");
  EXPECT_THAT(std::string(OpenSamples(folder, PictureSpec()).status().message()),
              HasSubstr(folder + ": holds no picture"));
  testing::WriteText(folder + "/a.png", "nonsense");
  EXPECT_THAT(std::string((*OpenSamples(folder, PictureSpec()))->Load(0).status().message()),
              HasSubstr(folder + "/a.png: is not a picture"));
  EXPECT_THAT(std::string(OpenSamples(folder, ArraySpec()).status().message()),
              HasSubstr("does not say how pictures become its input"));
  testing::WriteText(folder + "/labels.csv", "file,class\na.png,wolf\n");
  EXPECT_THAT(std::string(OpenSamples(folder, PictureSpec()).status().message()),
              HasSubstr("labels.csv:2: 'a.png,wolf' gives no class"));
  testing::WriteText(folder + "/labels.csv", "picture,class\n");
  EXPECT_THAT(std::string(OpenSamples(folder, PictureSpec()).status().message()),
              HasSubstr("should name the columns file,class"));
  EXPECT_EQ(OpenSamples(folder + "/none", PictureSpec()).status().code(),
            absl::StatusCode::kNotFound);
}

TEST(PictureFolderTest, ThePictureMustFitTheInput) {
  const std::string path = testing::MakeFolder("pictures") + "/a.png";
  WritePicture(path, 1);
  DataSpec spec = PictureSpec();
  spec.preprocessing->crop = 4;
  EXPECT_THAT(std::string((*OpenSamples(path, spec))->Load(0).status().message()),
              HasSubstr("shape 3x4x4 does not fit input 'image'"));
}

NamedArrays TwoSamples() {
  return {{"b", ArrayOf<int32_t>(DataType::kS32, {2, 3}, {1, 2, 3, 4, 5, 6})},
          {"a", ArrayOf<float>(DataType::kF32, {2, 2}, {1, 2, 3, 4})},
          {"labels", ArrayOf<int64_t>(DataType::kS64, {2}, {5, 6})}};
}

TEST(ArraySamplesTest, MatchesByNameAndConverts) {
  const auto source = SamplesOf(TwoSamples(), ArraySpec());
  ASSERT_TRUE(source.ok()) << source.status();
  EXPECT_EQ((*source)->size(), 2);
  EXPECT_THAT(Classes(**source), ElementsAre(5, 6));
  const Sample sample = (*source)->Load(1).value();
  EXPECT_THAT(sample[0].as<float>(), ElementsAre(3, 4));
  EXPECT_EQ(sample[1].type, DataType::kS64);
  EXPECT_THAT(sample[1].as<int64_t>(), ElementsAre(4, 5, 6));
}

TEST(ArraySamplesTest, OneArrayFeedsOneInput) {
  DataSpec spec;
  spec.inputs = {Info("x", DataType::kF32, {-1, 2})};
  EXPECT_TRUE(SamplesOf({{"", MakeArray(DataType::kF32, {3, 2})}}, spec).ok());
  EXPECT_TRUE(SamplesOf({{"other", MakeArray(DataType::kF16, {3, 2})}}, spec).ok());
}

TEST(ArraySamplesTest, RefusesWhatDoesNotFit) {
  const auto message = [](NamedArrays arrays) {
    const absl::Status status = SamplesOf(std::move(arrays), ArraySpec()).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    return std::string(status.message());
  };
  NamedArrays arrays = TwoSamples();
  arrays[1].first = "c";
  EXPECT_THAT(message(arrays), HasSubstr("no array for input 'a'; there are 'b', 'c', 'labels'"));
  arrays = TwoSamples();
  arrays[1].second = MakeArray(DataType::kF32, {2, 3});
  EXPECT_THAT(message(arrays), HasSubstr("input 'a' has shape 2x3; expected ?x2"));
  arrays[1].second = MakeArray(DataType::kF32, {3, 2});
  EXPECT_THAT(message(arrays), HasSubstr("3 for input 'a', 2 for 'b'"));
  arrays = TwoSamples();
  arrays[0].second = MakeArray(DataType::kF32, {2, 3});
  EXPECT_THAT(message(arrays), HasSubstr("'b': cannot turn f32 values into s64"));
  arrays = TwoSamples();
  arrays[2].second = MakeArray(DataType::kS64, {3});
  EXPECT_THAT(message(arrays), HasSubstr("'labels' should hold one integer for each of the 2"));
  for (auto& entry : arrays) entry.second = MakeArray(DataType::kF32, {0, 2});
  EXPECT_FALSE(SamplesOf(arrays, ArraySpec()).ok());
}

TEST(ArraysForInputsTest, KeepsShapesAndTellsWhetherTheyFit) {
  DataSpec spec;
  spec.inputs = {Info("a", DataType::kF16, {}), Info("b", DataType::kU64, {2, -1})};
  NamedArrays arrays = {{"b", MakeArray(DataType::kS32, {2, 0})},
                        {"a", ArrayOf<float>(DataType::kF32, {}, {1.0f})}};
  const auto inputs = ArraysForInputs(arrays, spec);
  ASSERT_TRUE(inputs.ok()) << inputs.status();
  EXPECT_EQ((*inputs)[0].as<uint16_t>()[0], 0x3c00);
  EXPECT_EQ((*inputs)[1].shape, (Shape{2, 0}));
  EXPECT_TRUE(FitInputs(*inputs, spec.inputs).ok());
  EXPECT_FALSE(HoldSamples(*inputs, spec.inputs));
  EXPECT_TRUE(FitInputs({}, {}).ok());
  EXPECT_FALSE(HoldSamples({}, {}));
  arrays[1].second = MakeArray(DataType::kF32, {1});
  for (const Shape& shape : {Shape{3, 4}, Shape{2}}) {
    arrays[0].second = MakeArray(DataType::kS32, shape);
    EXPECT_EQ(FitInputs(*ArraysForInputs(arrays, spec), spec.inputs).message(),
              absl::StrCat("the array for input 'a' has shape 1; expected scalar; the array for "
                           "input 'b' has shape ",
                           ToString(shape), "; expected 2x?"));
  }
  arrays[0].second = MakeArray(DataType::kF32, {2, 4});
  EXPECT_THAT(std::string(ArraysForInputs(arrays, spec).status().message()),
              HasSubstr("'b': cannot turn f32 values into u64"));
}

TEST(ArraysForInputsTest, TellsWhatHoldsSamples) {
  const DataSpec spec = ArraySpec();
  const auto arrays = ArraysForInputs(TwoSamples(), spec).value();
  EXPECT_TRUE(HoldSamples(arrays, spec.inputs));
  EXPECT_FALSE(HoldSamples(arrays, PictureSpec().inputs));
}

TEST(FunctionSamplesTest, ChecksWhatTheFunctionMakes) {
  const auto make = [](int64_t i) -> absl::StatusOr<Sample> {
    return Sample{MakeArray(DataType::kF32, {2}), MakeArray(DataType::kS64, {i})};
  };
  const auto source = SamplesFrom(2, make, ArraySpec());
  ASSERT_TRUE(source.ok());
  EXPECT_EQ((*source)->Load(1)->at(1).shape, Shape{1});
  const auto bad = SamplesFrom(
      2, [](int64_t) -> absl::StatusOr<Sample> { return Sample{}; }, ArraySpec());
  EXPECT_THAT(std::string((*bad)->Load(1).status().message()),
              HasSubstr("sample 1: 0 arrays for 2 inputs"));
  EXPECT_FALSE(SamplesFrom(0, make, ArraySpec()).ok());
}

TEST(HashTest, DependsOnTheBytes) {
  const auto digest = [](const NamedArrays& arrays) {
    Sha256 hash;
    const auto source = SamplesOf(arrays, ArraySpec()).value();
    for (int64_t i = 0; i < source->size(); ++i) HashSample(*source->Load(i), hash);
    return hash.HexDigest();
  };
  NamedArrays arrays = TwoSamples();
  const std::string before = digest(arrays);
  EXPECT_EQ(digest(arrays), before);
  arrays[0].second.bytes[0] ^= 1;
  EXPECT_NE(digest(arrays), before);
}

}  // namespace
}  // namespace octet
