"""Training of networks: loop, device, augmentation, presets."""
