# The peer of bench_import: json.load and the index of annotations by image, as pycocotools builds it.
# usage: bench_import.py FOLDER
import collections, json, resource, sys, time

wall, cpu = time.monotonic(), time.process_time()
data = json.load(open(sys.argv[1] + "/boxes.json"))
by_image = collections.defaultdict(list)
for item in data["annotations"]:
    by_image[item["image_id"]].append(item)
images = {image["id"]: image for image in data["images"]}
print(json.dumps({"step": "json.load and index", "items": len(data["annotations"]),
                  "seconds": round(time.monotonic() - wall, 2), "processor_seconds": round(time.process_time() - cpu, 2),
                  "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1000}))
