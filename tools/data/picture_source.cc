#include <dirent.h>
#include <sys/stat.h>

#include <algorithm>
#include <map>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tools/data/file.h"
#include "tools/data/image.h"
#include "tools/data/npy.h"
#include "tools/data/sample_source.h"

namespace octet {
namespace {

struct Picture {
  std::string path;
  int class_index = SampleSource::kNoClass;
};

absl::Status CheckPictureInput(const DataSpec& spec) {
  if (!spec.preprocessing) {
    return absl::InvalidArgumentError(
        "the model does not say how pictures become its input; import it with --resize, --crop, "
        "--mean "
        "and --std, or give arrays in an .npz file");
  }
  const auto index = static_cast<size_t>(spec.preprocessing->input);
  if (spec.inputs.size() != 1 || index != 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the model has ", spec.inputs.size(), " inputs; pictures can feed only models with one"));
  }
  const TensorInfo& input = spec.inputs[index];
  if (input.type == DataType::kF32 || input.type == DataType::kF16 ||
      input.type == DataType::kBF16) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat("input '", input.name, "' is ", Name(input.type),
                                                 "; pictures need an input of real numbers"));
}

class PictureSource final : public SampleSource {
 public:
  PictureSource(std::vector<Picture> pictures, const DataSpec& spec)
      : pictures_(std::move(pictures)), inputs_(spec.inputs), preprocessing_(*spec.preprocessing) {}

  int64_t size() const override { return static_cast<int64_t>(pictures_.size()); }

  absl::StatusOr<Sample> Load(int64_t index) const override {
    absl::StatusOr<Image> image = ReadImage(NameOf(index));
    if (!image.ok()) return image.status();
    std::vector<float> planes;
    absl::StatusOr<ImageSize> size = PreprocessImage(*image, preprocessing_, planes);
    absl::Status status = size.status();
    Sample sample;
    if (status.ok()) {
      sample.push_back(ArrayOf<float>(DataType::kF32, {3, size->height, size->width}, planes));
      status = FitSample(inputs_, sample);
    }
    if (!status.ok()) {
      return absl::Status(status.code(), absl::StrCat(NameOf(index), ": ", status.message()));
    }
    return sample;
  }

  int ClassOf(int64_t index) const override {
    return pictures_[static_cast<size_t>(index)].class_index;
  }
  std::string NameOf(int64_t index) const override {
    return pictures_[static_cast<size_t>(index)].path;
  }

 private:
  std::vector<Picture> pictures_;
  std::vector<TensorInfo> inputs_;
  ImagePreprocessing preprocessing_;
};

// Names in a folder, sorted; those that begin with a dot are left out.
absl::StatusOr<std::vector<std::string>> ListFolder(const std::string& path) {
  DIR* folder = opendir(path.c_str());
  if (folder == nullptr) return absl::NotFoundError(absl::StrCat(path, ": cannot open the folder"));
  std::vector<std::string> names;
  while (const dirent* entry = readdir(folder)) {
    if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
  }
  closedir(folder);
  std::sort(names.begin(), names.end());
  return names;
}

bool HasPictureName(const std::string& name) {
  return absl::EndsWithIgnoreCase(name, ".jpg") || absl::EndsWithIgnoreCase(name, ".jpeg") ||
         absl::EndsWithIgnoreCase(name, ".png");
}

// The class that a word stands for, or kNoClass.
int ClassNamed(absl::string_view word, const std::vector<std::string>& labels) {
  int index;
  if (absl::SimpleAtoi(word, &index) && index >= 0) return index;
  const auto found = std::find(labels.begin(), labels.end(), word);
  return found == labels.end() ? SampleSource::kNoClass : static_cast<int>(found - labels.begin());
}

// Fields of one line of comma-separated values; quotes may surround a field (RFC 4180).
std::vector<std::string> SplitCsv(absl::string_view line) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  for (size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '"') {
      if (quoted && i + 1 < line.size() && line[i + 1] == '"')
        fields.back() += line[i++];
      else
        quoted = !quoted;
    } else if (line[i] == ',' && !quoted) {
      fields.emplace_back();
    } else {
      fields.back() += line[i];
    }
  }
  return fields;
}

absl::StatusOr<std::map<std::string, int>> ReadClasses(const std::string& path,
                                                       const std::vector<std::string>& labels) {
  absl::StatusOr<std::vector<uint8_t>> bytes = ReadFile(path);
  if (!bytes.ok()) return bytes.status();
  const std::string text(bytes->begin(), bytes->end());
  std::map<std::string, int> classes;
  size_t file_column = 0, class_column = 0, columns = 0;
  int line_number = 0;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    ++line_number;
    line = absl::StripTrailingAsciiWhitespace(line);
    if (line.empty()) continue;
    const std::vector<std::string> fields = SplitCsv(line);
    if (columns == 0) {
      const auto file = std::find(fields.begin(), fields.end(), "file");
      const auto cls = std::find(fields.begin(), fields.end(), "class");
      if (file == fields.end() || cls == fields.end()) {
        return absl::InvalidArgumentError(absl::StrCat(
            path, ": the first line should name the columns file,class; it is '", line, "'"));
      }
      file_column = static_cast<size_t>(file - fields.begin());
      class_column = static_cast<size_t>(cls - fields.begin());
      columns = fields.size();
      continue;
    }
    const int index = fields.size() == columns ? ClassNamed(fields[class_column], labels)
                                               : SampleSource::kNoClass;
    if (index == SampleSource::kNoClass) {
      return absl::InvalidArgumentError(
          absl::StrCat(path, ":", line_number, ": '", line,
                       "' gives no class (a number from 0, or a label of the model)"));
    }
    classes[fields[file_column]] = index;
  }
  return classes;
}

// Pictures in subfolders, one per class.
absl::StatusOr<std::vector<Picture>> PicturesByFolder(const std::string& path,
                                                      const std::vector<std::string>& names,
                                                      const std::vector<std::string>& labels) {
  std::vector<Picture> pictures;
  int place = 0;
  for (const std::string& name : names) {
    const std::string folder = absl::StrCat(path, "/", name);
    if (!IsFolder(folder)) continue;
    absl::StatusOr<std::vector<std::string>> files = ListFolder(folder);
    if (!files.ok()) return files.status();
    const int named = ClassNamed(name, labels);
    const int index = named == SampleSource::kNoClass ? place : named;
    ++place;
    for (const std::string& file : *files) {
      if (HasPictureName(file)) pictures.push_back({absl::StrCat(folder, "/", file), index});
    }
  }
  return pictures;
}

absl::StatusOr<std::vector<Picture>> ListPictures(const std::string& path,
                                                  const std::vector<std::string>& labels) {
  constexpr char kClasses[] = "labels.csv";
  absl::StatusOr<std::vector<std::string>> names = ListFolder(path);
  if (!names.ok()) return names.status();
  std::map<std::string, int> classes;
  if (std::count(names->begin(), names->end(), kClasses) > 0) {
    absl::StatusOr<std::map<std::string, int>> read =
        ReadClasses(absl::StrCat(path, "/", kClasses), labels);
    if (!read.ok()) return read.status();
    classes = *std::move(read);
  }
  std::vector<Picture> pictures;
  for (const std::string& name : *names) {
    if (!HasPictureName(name)) continue;
    const auto found = classes.find(name);
    pictures.push_back({absl::StrCat(path, "/", name),
                        found == classes.end() ? SampleSource::kNoClass : found->second});
  }
  if (pictures.empty()) return PicturesByFolder(path, *names, labels);
  return pictures;
}

absl::StatusOr<std::unique_ptr<SampleSource>> MakePictureSource(std::vector<Picture> pictures,
                                                                const DataSpec& spec) {
  absl::Status status = CheckPictureInput(spec);
  if (!status.ok()) return status;
  return std::make_unique<PictureSource>(std::move(pictures), spec);
}

absl::StatusOr<std::unique_ptr<SampleSource>> OpenArrays(const std::string& path,
                                                         const DataSpec& spec) {
  absl::StatusOr<NamedArrays> arrays = ReadArrays(path);
  if (!arrays.ok()) return arrays.status();
  absl::StatusOr<std::unique_ptr<SampleSource>> source = SamplesOf(*std::move(arrays), spec);
  if (source.ok()) return source;
  return absl::Status(source.status().code(), absl::StrCat(path, ": ", source.status().message()));
}

}  // namespace

absl::StatusOr<std::unique_ptr<SampleSource>> OpenPictures(std::vector<std::string> paths,
                                                           const DataSpec& spec) {
  if (paths.empty()) return absl::InvalidArgumentError("there is no picture");
  std::vector<Picture> pictures;
  for (std::string& path : paths) pictures.push_back({std::move(path), SampleSource::kNoClass});
  return MakePictureSource(std::move(pictures), spec);
}

absl::StatusOr<std::unique_ptr<SampleSource>> OpenSamples(const std::string& path,
                                                          const DataSpec& spec) {
  if (!IsFolder(path)) {
    if (HasPictureName(path)) return OpenPictures({path}, spec);
    return OpenArrays(path, spec);
  }
  absl::StatusOr<std::vector<Picture>> pictures = ListPictures(path, spec.labels);
  if (!pictures.ok()) return pictures.status();
  if (pictures->empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        path, ": holds no picture (.jpg, .jpeg or .png), neither itself nor in subfolders"));
  }
  return MakePictureSource(*std::move(pictures), spec);
}

}  // namespace octet
