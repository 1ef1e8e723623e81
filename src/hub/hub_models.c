/* SPDX-License-Identifier: Apache-2.0
 *
 * The table of open models. A hash stands here only where it was published for this very file by several who use it.
 */
#include <string.h>

#include "winnow/hub.h"

static const wn_hub_model models[] = {
    {"dinov2-small", "DINOv2 ViT-S/14, self-supervised", "Apache-2.0",
     "Xenova/dinov2-small/resolve/main/onnx/model.onnx",
     "83141175ec78b4ff9a2bb58a4c7c264ba0054d1c2e122e5a8114b79a8d4179ea", 89, 224, 384,
     "{\"preprocess\": \"dinov2\", \"layer\": \"last_hidden_state\", \"pool\": \"first\"}\n"},
    {"dinov2-base", "DINOv2 ViT-B/14, self-supervised", "Apache-2.0", "Xenova/dinov2-base/resolve/main/onnx/model.onnx",
     NULL, 347, 224, 768, "{\"preprocess\": \"dinov2\", \"layer\": \"last_hidden_state\", \"pool\": \"first\"}\n"},
    {"clip-vit-b32", "CLIP ViT-B/32, image side, trained with captions", "MIT",
     "Xenova/clip-vit-base-patch32/resolve/main/onnx/vision_model.onnx",
     "fd6e1402a588279d1723c7534d4bcba5bc0b14b47dfab0e46f8c47b8270d7d40", 352, 224, 512,
     "{\"preprocess\": \"clip\", \"layer\": \"image_embeds\"}\n"},
    {"mobileclip-s0", "MobileCLIP S0, image side, small and fast", "Apple ML Research (research use only)",
     "Xenova/mobileclip_s0/resolve/main/onnx/vision_model.onnx",
     "17d3c037b1d488c10c50e09f6009ea5a198caef4e0e8f4ea5617b7cb2d067ac0", 46, 256, 512,
     "{\"preprocess\": \"unit\", \"side\": 256, \"layer\": \"image_embeds\"}\n"},
    {"resnet-50", "ResNet-50, supervised on ImageNet", "Apache-2.0", "Xenova/resnet-50/resolve/main/onnx/model.onnx",
     NULL, 103, 224, 2048, "{\"preprocess\": \"imagenet\"}\n"},
};

const wn_hub_model *wn_hub_models(size_t *count)
{
    *count = sizeof models / sizeof models[0];
    return models;
}

const wn_hub_model *wn_hub_find(const char *name)
{
    for (size_t i = 0; i < sizeof models / sizeof models[0]; i++)
        if (strcmp(models[i].name, name) == 0) return &models[i];
    return NULL;
}

const char *wn_pull_check_text(wn_pull_check check)
{
    static const char *const texts[] = {
#define X(name, text) text,
        WN_PULL_CHECK_MAP(X)
#undef X
    };
    return (size_t)check < sizeof texts / sizeof texts[0] ? texts[check] : "?";
}
