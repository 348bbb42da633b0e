# A doorway, not a build: node-gyp-build falls back to `node-gyp rebuild`, and this target hands over to cmake-js.
{
  'targets': [
    {
      'target_name': 'inform_score_doorway',
      'type': 'none',
      'actions': [
        {
          'action_name': 'cmake_js_build',
          'inputs': [],
          'outputs': ['build/Release/inform_score.node'],
          'action': ['node', 'scripts/build/build-native.mjs'],
        },
      ],
    },
  ],
}
