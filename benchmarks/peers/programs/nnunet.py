"""nnU-Net v2: the usual framework for medical segmentation, with the plan that it makes for such pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks.peers.programs.running import Job, main

if TYPE_CHECKING:
    from collections.abc import Callable

STAGES = 8
RESAMPLING = {"is_seg": False, "order": 3, "order_z": 0, "force_separate_z": None}
ARCHITECTURE: dict[str, Any] = {
    "network_class_name": "dynamic_network_architectures.architectures.unet.PlainConvUNet",
    "arch_kwargs": {
        "n_stages": STAGES,
        "features_per_stage": [32, 64, 128, 256, 512, 512, 512, 512],
        "conv_op": "torch.nn.modules.conv.Conv2d",
        "kernel_sizes": [[3, 3]] * STAGES,
        "strides": [[1, 1]] + [[2, 2]] * (STAGES - 1),
        "n_conv_per_stage": [2] * STAGES,
        "n_conv_per_stage_decoder": [2] * (STAGES - 1),
        "conv_bias": True,
        "norm_op": "torch.nn.modules.instancenorm.InstanceNorm2d",
        "norm_op_kwargs": {"eps": 1e-05, "affine": True},
        "dropout_op": None,
        "dropout_op_kwargs": None,
        "nonlin": "torch.nn.LeakyReLU",
        "nonlin_kwargs": {"inplace": True},
    },
    "_kw_requires_import": ["conv_op", "norm_op", "dropout_op", "nonlin"],
}
PLANS: dict[str, Any] = {
    "dataset_name": "Dataset001_Lens",
    "plans_name": "nnUNetPlans",
    "original_median_spacing_after_transp": [999.0, 1.0, 1.0],
    "original_median_shape_after_transp": [1, 1459, 1713],
    "image_reader_writer": "NaturalImage2DIO",
    "transpose_forward": [0, 1, 2],
    "transpose_backward": [0, 1, 2],
    "experiment_planner_used": "ExperimentPlanner",
    "label_manager": "LabelManager",
    "foreground_intensity_properties_per_channel": {"0": {}},
    "configurations": {
        "2d": {
            "data_identifier": "nnUNetPlans_2d",
            "preprocessor_name": "DefaultPreprocessor",
            "batch_size": 2,
            "patch_size": [1024, 1024],
            "median_image_size_in_voxels": [1459.0, 1713.0],
            "spacing": [1.0, 1.0],
            "normalization_schemes": ["ZScoreNormalization"],
            "use_mask_for_norm": [False],
            "resampling_fn_data": "resample_data_or_seg_to_shape",
            "resampling_fn_seg": "resample_data_or_seg_to_shape",
            "resampling_fn_data_kwargs": RESAMPLING,
            "resampling_fn_seg_kwargs": RESAMPLING | {"is_seg": True, "order": 1},
            "resampling_fn_probabilities": "resample_data_or_seg_to_shape",
            "resampling_fn_probabilities_kwargs": RESAMPLING | {"order": 1},
            "architecture": ARCHITECTURE,
            "batch_dice": True,
        }
    },
}
DATASET: dict[str, Any] = {
    "channel_names": {"0": "OCT"},
    "labels": {"background": 0, "clear": 1, "cataract": 2},
    "numTraining": 1,
    "file_ending": ".png",
}


def start(job: Job) -> Callable[[], int]:
    """Make its network; the weights, which change no time, are random. No mirroring, which would cost four times."""
    import numpy as np
    import torch
    from nnunetv2.imageio.natural_image_reader_writer import NaturalImage2DIO
    from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor
    from nnunetv2.utilities.get_network_from_plans import get_network_from_plans
    from nnunetv2.utilities.plans_handling.plans_handler import PlansManager

    torch.set_num_threads(job.threads)
    torch.manual_seed(1)
    plans = PlansManager(PLANS)
    network = get_network_from_plans(
        ARCHITECTURE["network_class_name"], ARCHITECTURE["arch_kwargs"], ARCHITECTURE["_kw_requires_import"], 1, 3,
        deep_supervision=False,
    )  # fmt: skip
    predictor = nnUNetPredictor(
        use_mirroring=False, perform_everything_on_device=False, device=torch.device("cpu"), allow_tqdm=False
    )
    predictor.manual_initialization(
        network, plans, plans.get_configuration("2d"), [network.state_dict()], DATASET, "nnUNetTrainer", None
    )
    files = NaturalImage2DIO()

    def run() -> int:
        scan, facts = files.read_images([str(job.scan)])
        labels = predictor.predict_single_npy_array(scan, facts)
        files.write_seg(labels, str(job.out), facts)
        return int((np.asarray(labels) > 0).sum())

    return run


if __name__ == "__main__":
    main(start)
